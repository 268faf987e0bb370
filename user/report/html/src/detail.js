// SPDX-License-Identifier: BSD-2-Clause
// All that is known of one file, or of one program, in a dialog.
import { meta, accesses, packageNames, bits, bytes, many, seconds, safe } from "./data.js";
import { $, el, inParts } from "./dom.js";

export const programName = (i) => safe(meta.programs[i]?.exe || meta.programs[i]?.comm || `program ${i}`);

function show(title, ...content) {
	$("detail-h").textContent = title;
	$("detail-b").replaceChildren(...content);
	if (!$("detail").open) $("detail").showModal();
	$("detail").scrollTop = 0;
}

const term = (name, ...value) => [el("dt", {}, name), el("dd", {}, ...value)];

function programs(list, n) {
	const names = [...new Set(list.map(programName))];
	return names.slice(0, 8).join(", ") + (names.length > 8 || n > list.length ? ", and others" : "");
}

export function showEntry(e) {
	const lines = [
		...term("Verdict", e.stays ? "stayed" : e.excluded ? "went: an exclude pattern took it" : "went"),
		...term("Kind", e.type),
		...term("Layer", `${e.layer + 1} of ${meta.layers.length}`, meta.layers[e.layer]?.command ? el("div", { class: "soft small" }, el("code", {}, safe(meta.layers[e.layer].command))) : null),
	];
	if (e.package >= 0) lines.push(...term("Package", packageNames[e.package]));
	if (e.type === "file") lines.push(...term("Size", bytes(e.size), e.stays && e.kept !== e.size ? `, of which ${bytes(e.kept)} stayed` : null));
	if (e.stays) lines.push(...term("Because", el("ul", { class: "rows" }, e.reasons.map((r) =>
		el("li", {}, el("span", {}, el("b", {}, r), ": ", meta.rules[r]?.text ?? ""))))));
	else if (!e.excluded) lines.push(...term("Because", "nothing used it while it was watched, and no rule asks for it. To keep it: ",
		el("code", {}, `--include-path '${e.path}'`)));
	if (e.access) lines.push(...term("First", `${e.access.kinds.join(", ")} after ${seconds(e.access.first)}`,
		e.access.program === undefined ? null : ` by ${programName(e.access.program)}`));
	for (const a of e.uses ?? [])
		lines.push(...term("Used", `${bits(a.kinds, meta.kinds).join(", ")} from ${seconds(a.first)} on, by ${programs(a.programs, a.n)}`));
	show(e.path, el("dl", {}, lines));
}

export function showProgram(i) {
	const p = meta.programs[i];
	const used = accesses.filter((a) => a.programs.includes(i)).sort((a, b) => a.first - b.first);
	const list = el("ul", { class: "rows" });
	const more = inParts(list, used, 100, (a) => el("li", {},
		el("button", { type: "button", class: "plain", on: () => showEntry(a.entry) }, a.entry.path),
		el("span", { class: "n" }, bits(a.kinds, meta.kinds).join(", "))), "files");
	show(programName(i),
		el("dl", {}, ...term("Command", el("code", {}, safe(p.argv.join(" ")) || "–", p.cut ? " …" : "")), ...term("Process", String(p.pid)),
			...term("Began", `${seconds(p.start)} after the start`), ...term("Used", many(p.used, "path") + ", in the image and outside of it")),
		el("h3", {}, "Files of the image, by first use"), used.length ? list : el("p", { class: "empty" }, "It used no file of the image."), more);
}

export function startDetail() {
	$("detail-x").addEventListener("click", () => $("detail").close());
	$("detail").addEventListener("click", (ev) => { if (ev.target === $("detail")) $("detail").close(); });
}
