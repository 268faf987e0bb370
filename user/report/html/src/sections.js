// SPDX-License-Identifier: BSD-2-Clause
// What the run was: when files were first used, by which programs, with which calls.
import { scaleLinear, scaleSqrt } from "d3-scale";
import { meta, accesses, bytes, count, many, seconds, safe } from "./data.js";
import { $, el, svg, table, inParts, broken } from "./dom.js";
import { programName, showProgram } from "./detail.js";

const empty = (text) => el("p", { class: "empty" }, text);
const intro = (text) => el("p", { class: "intro" }, text);

function firstUses() {
	const first = new Map();
	for (const a of accesses) first.set(a.entry.id, Math.min(first.get(a.entry.id) ?? Infinity, a.first));
	return [...first.values()].sort((a, b) => a - b);
}

function marks(end) {
	return [["ready", meta.marks.ready], ["serving", meta.marks.serving]].filter(([, t]) => t != null && t >= 0 && t <= end);
}

function phases(times, end) {
	const bounds = [["From the start", 0], ...marks(end).map(([name, t]) => [name === "ready" ? "Once it listened (ready)" : "Once it was asked (serving)", t]), [null, Infinity]];
	return bounds.slice(0, -1).map(([name, from], i) => {
		const to = bounds[i + 1][1];
		return [name, seconds(from), count(times.filter((t) => t >= from && t < to).length)];
	});
}

function chart(times, end) {
	const W = Math.max(280, Math.min(920, $("time").clientWidth || 920)), H = 190, left = 40, bottom = 26, top = 34;
	const x = scaleLinear([0, end], [left, W - 8]), n = Math.floor((W - left) / 9), bins = Array(n).fill(0);
	for (const t of times) bins[Math.min(n - 1, Math.floor(t / end * n))]++;
	const y = scaleSqrt([0, Math.max(...bins)], [H - bottom, top]), w = (W - 8 - left) / n;
	const label = times.length ? `${many(times.length, "path")} first used over ${seconds(end)}; half of them within ${seconds(times[times.length >> 1])}` : "";
	let last = -100, row = 0;
	return svg("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": label },
		y.ticks(3).filter((t) => Number.isInteger(t)).map((t) => [svg("line", { class: "ax", x1: left, x2: W - 8, y1: y(t), y2: y(t) }),
			svg("text", { x: left - 6, y: y(t) + 4, "text-anchor": "end" }, count(t))]),
		bins.map((b, i) => b ? svg("rect", { class: "col", x: left + i * w + 0.75, width: Math.max(1, w - 1.5), y: y(b), height: H - bottom - y(b), rx: 1 }) : null),
		x.ticks(W > 500 ? 8 : 4).map((t) => svg("text", { x: x(t), y: H - 8, "text-anchor": "middle" }, `${x.tickFormat(W > 500 ? 8 : 4)(t)} s`)),
		marks(end).map(([name, t]) => {
			row = x(t) - last < 60 ? row + 1 : 0;
			last = x(t);
			const flip = x(t) > W - 60;
			return [svg("line", { class: "mark", x1: x(t), x2: x(t), y1: 4 + 14 * row, y2: H - bottom }),
				svg("text", { class: "mk", x: x(t) + (flip ? -4 : 4), y: 13 + 14 * row, "text-anchor": flip ? "end" : "start" }, name)];
		}));
}

function time() {
	const times = firstUses(), end = Math.max(meta.duration, times.at(-1) ?? 0, 0.001);
	if (!times.length) return $("time").replaceChildren(empty("No file of the image was seen in use."));
	$("time").replaceChildren(intro(`When paths of the image were used for the first time, ${count(times.length)} in all. Heights grow with the square root, so that the few late ones are seen too.`),
		chart(times, end), table("First uses by phase", [["Phase", ""], ["From", "n"], ["First uses", "n"]], phases(times, end)));
}

const DEEPEST = 12, WORDS = 72; // below that they are drawn flat; so many letters of a command

// Each after the one that started it. No recursion: a chain of forks may be long.
function inOrder(kids, roots) {
	const order = [], stack = roots.map((i) => ({ i, depth: 0 })).reverse();
	while (stack.length) {
		const at = stack.pop();
		order.push(at);
		for (const i of [...kids.get(at.i) ?? []].reverse()) stack.push({ i, up: at, depth: at.depth + 1 });
	}
	return order;
}

function programLine(i) {
	const p = meta.programs[i], words = safe(p.argv.slice(1).join(" "));
	return el("div", {}, el("button", { type: "button", class: "plain", on: () => showProgram(i) }, broken(programName(i))), " ",
		words && [el("code", {}, words.length > WORDS ? `${words.slice(0, WORDS - 1)}…` : words), " "],
		el("span", { class: "soft small" }, `at ${seconds(p.start)}, ${many(p.used, "path")}${p.entry ? `, ${p.entry}` : ""}`));
}

function branch(kids, roots) {
	const list = el("ul", { class: "tree" });
	const more = inParts(list, inOrder(kids, roots), 50, (at) => {
		at.li = el("li", {}, programLine(at.i));
		at.into = !at.up ? list : at.up.depth < DEEPEST ? at.up.below ??= at.up.li.appendChild(el("ul")) : at.up.into;
		at.into.append(at.li);
		return at.li;
	}, "programs");
	return [list, more];
}

function processes() {
	const n = meta.programs.length, kids = new Map(), roots = [];
	if (!n) return $("processes").replaceChildren(empty("No program was seen in the container."));
	meta.programs.forEach((p, i) => {
		if (p.parent === i || p.parent >= n) roots.push(i);
		else if (kids.has(p.parent)) kids.get(p.parent).push(i);
		else kids.set(p.parent, [i]);
	});
	$("processes").replaceChildren(intro((n === 1 ? "One program ran. Open it to see what it used." :
		`${many(meta.n_programs, "program")} ran. Each is below the one that started it; open one to see what it used.`) +
		(meta.n_programs > n ? ` The first ${count(n)} are here.` : "")), ...branch(kids, roots));
}

const sourceNames = { app: "the app", "runtime-seen": "the runtime", "runtime-known": "known of runtimes", signal: "signals", init: "docker run --init", vdso: "the vDSO" };

function callers(by = []) {
	const names = [...new Set(by.map((b) => safe(b.exe)))];
	return names.length ? broken(names.slice(0, 4).join(", ") + (names.length > 4 ? ", and others" : "")) : ["–"];
}

// A row for each capability and answer, with all calls that it was asked for in.
function capabilities() {
	const lines = new Map();
	for (const c of meta.capabilities) {
		const key = `${c.name} ${c.granted}`;
		if (!lines.has(key)) lines.set(key, [el("span", {}, el("code", {}, c.name), el("div", { class: "soft small" }, c.granted ? "granted" : "refused")), []]);
		lines.get(key)[1].push(c.syscall ? el("div", {}, el("code", {}, c.syscall), ", called by ", callers(c.first_by)) : el("div", {}, "no call of its own"));
	}
	return table("Capabilities", [["Capability", "keep"], ["Asked for in", ""]], [...lines.values()]);
}

function calls() {
	const all = meta.seccomp?.calls ?? [], parts = [];
	const app = all.filter((c) => Number(c.count) > 0).sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
	if (!app.length) parts.push(empty("No system call of the app was counted."));
	else {
		const body = el("tbody");
		const more = inParts(body, app, 20, (c) => el("tr", {}, el("th", { scope: "row", class: "keep" }, el("code", {}, c.name)), el("td", { class: "n" }, count(Number(c.count))),
			el("td", {}, callers(c.first_by))), "calls");
		parts.push(intro(`The app made ${many(app.length, "different system call")}; the profile allows ${count(all.length)}. The others are for the container runtime, and for signals.`),
			el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Call"), el("th", { scope: "col", class: "n" }, "Times"), el("th", { scope: "col" }, "First called by"))), body), more);
		const others = all.filter((c) => !(Number(c.count) > 0));
		if (others.length) parts.push(el("details", {}, el("summary", {}, `${many(others.length, "more call")} allowed for others`),
			el("p", { class: "small" }, others.map((c) => `${c.name} (${c.sources.map((s) => sourceNames[s] ?? s).join(", ")})`).join("; "))));
	}
	if (meta.seccomp?.withheld?.length) parts.push(el("p", {}, "Called, and yet not allowed: ", el("code", {}, meta.seccomp.withheld.join(", "))));
	parts.push(el("h3", {}, "Capabilities"));
	if (meta.capabilities_unseen) parts.push(empty("This kernel does not tell which capabilities were asked for."));
	else if (!meta.capabilities.length) parts.push(empty("No capability was asked for."));
	else parts.push(intro("What the kernel was asked for, and its answer. Not every question is a need: what a container should be given is in the files below that run it."), capabilities());
	$("calls").replaceChildren(...parts);
}

function network() {
	const parts = [], use = { listen: "listens on", bind: "is bound to", connect: "connects to" };
	if (!meta.sockets.length) parts.push(empty("It neither listened nor connected to anything by network."));
	else parts.push(table("Sockets", [["What", "keep"], ["Address", ""], ["Protocol", "keep"]],
		meta.sockets.map((s) => [use[s.use], el("code", {}, s.address), s.protocol])));
	if (meta.n_sockets > meta.sockets.length) parts.push(el("p", { class: "small" }, `${count(meta.n_sockets - meta.sockets.length)} more are in record.json.`));
	if (meta.probes.length) {
		const list = el("ul", { class: "rows" });
		const more = inParts(list, meta.probes, 20, (p) => el("li", {}, el("span", {}, el("code", {}, safe(`${p.method} ${p.resource}`)), el("span", { class: "soft small" }, ` ${p.protocol}, port ${p.port}`)),
			el("span", { class: "n" }, p.status ? String(p.status) : "no answer")), "calls");
		parts.push(el("h3", {}, "HTTP calls made to it"), list, more);
	}
	$("network").replaceChildren(...parts);
}

function profiles() {
	if (!meta.documents.length) return $("profiles").replaceChildren(empty("This run made none."));
	$("profiles").replaceChildren(intro("Made from what the container did, and the Dockerfile that the image could have been made from. They are in this page, and beside it as files."),
		...meta.documents.map((d) => el("div", { class: "doc" }, el("details", {}, el("summary", {}, d.name), el("pre", { tabindex: "0" }, d.text)),
			el("button", { type: "button", class: "download", "aria-label": `Save ${d.name}`, on: () => {
				const a = el("a", { href: URL.createObjectURL(new Blob([d.text], { type: "text/plain" })), download: d.name });
				a.click();
				setTimeout(() => URL.revokeObjectURL(a.href), 10000);
			} }, "Save"))));
}

function rules() {
	const lines = Object.entries(meta.rules).filter(([, r]) => r.entries || r.off).sort(([, a], [, b]) => b.bytes - a.bytes);
	if (!lines.length) return $("rules").replaceChildren(empty("No file stayed."));
	$("rules").replaceChildren(intro("An entry, which is a file, a link or a directory, may have several reasons. The last column is what only this one asks for."),
		table("Rules and what they cost", [["Reason", ""], ["Entries", "n wide"], ["Size", "n"], ["Alone", "n"]],
			lines.map(([name, r]) => [el("span", {}, el("b", {}, name), r.off ? " (off)" : "", el("div", { class: "soft small" }, r.text)), count(r.entries), bytes(r.bytes), bytes(r.sole_bytes)])));
}

export function startSections() {
	time();
	processes();
	calls();
	network();
	profiles();
	rules();
	let width = innerWidth;
	addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; time(); } });
}
