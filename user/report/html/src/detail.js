// SPDX-License-Identifier: BSD-2-Clause
// All that is known of one file, or of one program, in a dialog.
import { meta, accesses, packageNames, howUsed, bits, bytes, many, seconds, safe } from "./data.js";
import { $, el, inParts, broken } from "./dom.js";

export const programName = (i) => safe(meta.programs[i]?.exe || meta.programs[i]?.comm || `program ${i}`);

function show(title, ...content) {
	$("detail-h").replaceChildren(...broken(title));
	$("detail-b").replaceChildren(...content);
	if (!$("detail").open) $("detail").showModal();
	$("detail-x").focus(); // what had the focus may just have been replaced
	$("detail").scrollTop = 0;
}

const term = (name, ...value) => [el("dt", {}, name), el("dd", {}, ...value)];

// With what each did, when not all did the same.
function programs(a) {
	const hows = a.programs.map((_, place) => howUsed(a, place)), same = new Set(hows).size < 2;
	const names = [...new Set(a.programs.map((p, place) => programName(p) + (same || !hows[place] ? "" : `: ${hows[place]}`)))];
	return names.slice(0, 8).join(same ? ", " : "; ") + (names.length > 8 || a.n > a.programs.length ? ", and others" : "");
}

export function showEntry(e) {
	const lines = [
		...term("Verdict", e.stays ? "stayed" : e.excluded ? "went: an exclude pattern took it" : "went"),
		...term("Kind", e.type),
		...term("Layer", `${e.layer} of 0 to ${meta.layers.length - 1}, bottom first`, meta.layers[e.layer]?.command ? el("div", { class: "soft small" }, el("code", {}, safe(meta.layers[e.layer].command))) : null),
	];
	if (e.package >= 0) lines.push(...term("Package", packageNames[e.package]));
	if (e.type === "file") lines.push(...term("Size", bytes(e.size), e.stays && e.kept !== e.size ? `, of which ${bytes(e.kept)} stayed` : null));
	if (e.stays) lines.push(...term("Because", el("ul", { class: "rows" }, e.reasons.map((r) =>
		el("li", {}, el("span", {}, el("b", {}, r), ": ", meta.rules[r]?.text ?? ""))))));
	else if (!e.excluded) lines.push(...term("Because", e.uses ? "what used it does not count. To keep it: " : "nothing used it while it was watched, and no rule asks for it. To keep it: ",
		el("code", {}, `--include-path '${e.pattern}'`)));
	if (e.cause) lines.push(...term("Asked for", el("code", {}, e.cause.path), `: ${e.cause.kinds.join(", ")}, ${seconds(e.cause.first)} after the start`,
		e.cause.program < 0 ? null : `, by ${programName(e.cause.program)}`));
	// As it was asked for, and as it was reached: once is enough when both say the same.
	for (const text of new Set((e.uses ?? []).map((a) =>
		`${howUsed(a)}${a.errno ? ", refused" : ""}; first ${seconds(a.first)} after the start, by ${programs(a)}`)))
		lines.push(...term("Used", text));
	show(e.path, el("dl", {}, lines));
}

export function showProgram(i) {
	const p = meta.programs[i];
	const kinds = new Map(), used = [];
	for (const a of accesses.filter((a) => a.programs.includes(i)).sort((a, b) => a.first - b.first)) {
		if (!kinds.has(a.entry)) used.push(a);
		kinds.set(a.entry, kinds.get(a.entry) | a.kinds);
	}
	const list = el("ul", { class: "rows" });
	const more = inParts(list, used, 100, (a) => el("li", {},
		el("button", { type: "button", class: "plain", on: () => showEntry(a.entry) }, broken(a.entry.path)),
		el("span", { class: "n" }, bits(kinds.get(a.entry), meta.kinds).join(", "))), "paths");
	show(programName(i),
		el("dl", {}, ...term("Command", el("code", {}, safe(p.argv.join(" ")) || "–", p.cut ? " …" : "")), ...term("Process", String(p.pid)),
			...term("Began", `${seconds(p.start)} after the start`), ...term("Used", `${many(p.used, "path")} of the image`)),
		el("h3", {}, "Paths of the image, by first use"), used.length ? list : el("p", { class: "empty" }, "It used nothing of the image."), more);
}

export function startDetail() {
	$("detail-x").addEventListener("click", () => $("detail").close());
	$("detail").addEventListener("click", (ev) => { if (ev.target === $("detail")) $("detail").close(); });
}
