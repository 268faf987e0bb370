// SPDX-License-Identifier: BSD-2-Clause
import { entries, bytes, many, meta } from "./data.js";
import { $, el, inParts, broken } from "./dom.js";
import { showEntry } from "./detail.js";

let paths = null;

// "*" and "?" make it a pattern: for all of the path when it begins with a slash, else for what follows any slash; without
// a slash for a name, which it matches within.
function matcher(text) {
	const t = text.toLowerCase();
	if (!/[*?]/.test(t)) return (path) => path.includes(t);
	const [any, one] = t.includes("/") ? [".*", "."] : ["[^/]*", "[^/]"];
	const body = t.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*+/g, any).replace(/\?/g, one);
	const re = new RegExp(`${t.startsWith("/") ? "^" : "(^|/)"}${body}$`, "u");
	return (path) => re.test(path);
}

function line(e) {
	return el("li", { class: e.stays ? null : "went" },
		el("button", { type: "button", class: "plain", on: () => showEntry(e) }, broken(e.path)),
		el("span", { class: "n" }, e.type === "file" ? `${bytes(e.size)}, ` : "", e.stays ? "stayed" : "went"));
}

function find() {
	const text = $("q").value.trim(), part = $("q-part").value;
	document.querySelector("#results + button")?.remove();
	$("results").replaceChildren();
	if (!text) {
		$("found").textContent = `${many(entries.length, "entry", "entries")} to search: files, links and directories.`;
		return;
	}
	paths ??= entries.map((e) => e.path.toLowerCase());
	const is = matcher(text);
	const hits = entries.filter((e) => is(paths[e.id]) && (part === "all" || e.stays === (part === "kept")))
		.sort((a, b) => b.size - a.size || (paths[a.id] < paths[b.id] ? -1 : 1));
	$("found").textContent = hits.length ? `${many(hits.length, "entry", "entries")}, ${many(hits.filter((e) => e.stays).length, "stayed", "stayed")}.${hits.length > 1 ? " The largest first." : ""}` :
		`Nothing in ${meta.image} is called that.`;
	const more = inParts($("results"), hits, 50, line, "entries");
	$("results").after(more);
}

export function startSearch() {
	let timer;
	$("q").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(find, 120); });
	$("q-part").addEventListener("change", find);
	find();
}
