// SPDX-License-Identifier: BSD-2-Clause
// Elements without markup in strings: text is only ever text.
const SVG = "http://www.w3.org/2000/svg";

export const $ = (id) => document.getElementById(id);

function fill(e, attributes, children) {
	for (const [key, value] of Object.entries(attributes ?? {})) {
		if (key === "on") e.addEventListener("click", value);
		else if (key === "p") e.style.setProperty("--p", value);
		else if (value !== false && value != null) e.setAttribute(key, value);
	}
	e.append(...children.flat(Infinity).filter((c) => c != null && c !== false));
	return e;
}

export const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

// A long path is best broken after a slash. A name of letters that run from right to left stands for itself, or those
// on both sides of a slash would change places.
const rightToLeft = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;
export const broken = (path) => path.split(/(?<=\/)/).flatMap((part, i) => {
	const [name] = part.split("/"), shown = rightToLeft.test(name) ? [el("bdi", { dir: "ltr" }, name), part.slice(name.length)] : [part];
	return i ? [el("wbr"), ...shown] : shown;
});

// columns: [title, class]; a cell is text or an element, the first heads its row
export function table(caption, columns, lines) {
	return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
		el("table", {},
			el("thead", {}, el("tr", {}, columns.map(([t, c]) => el("th", { scope: "col", class: c }, t)))),
			el("tbody", {}, lines.map((line) => el("tr", {}, line.map((cell, i) =>
				el(i ? "td" : "th", { class: columns[i][1], scope: i ? null : "row" }, ...[cell].flat())))))));
}

// Long lists come in parts. render(item) makes an element, for container unless it has put it somewhere.
export function inParts(container, items, size, render, what) {
	let shown = 0;
	const button = el("button", { type: "button", class: "more" });
	const step = (focus) => {
		let first = null;
		for (const end = Math.min(items.length, shown + size); shown < end; shown++) {
			const made = render(items[shown]);
			if (!made.parentNode) container.append(made);
			first ??= made;
		}
		if (focus) {
			first.tabIndex = -1;
			(first.querySelector("button, a") ?? first).focus();
		}
		const rest = items.length - shown;
		button.textContent = rest > size ? `Show ${size} more of ${rest.toLocaleString("en")} ${what}` : rest === 1 ? "Show one more" : `Show the other ${rest} ${what}`;
		button.hidden = !rest;
	};
	button.addEventListener("click", () => step(true));
	step(false);
	return button;
}
