// SPDX-License-Identifier: BSD-2-Clause
import { meta, entries, bytes, count, many, percent, safe } from "./data.js";
import { $, el } from "./dom.js";
import { startMap } from "./map.js";
import { startSearch } from "./search.js";
import { startSections } from "./sections.js";
import { startDetail } from "./detail.js";

const SITES = 5;

// Of a directory that a web server serves: what nobody asked for while it was watched.
function notAsked(site) {
	const it = site.files === 1 ? "it" : "them";
	const dir = entries.find((e) => e.isDir && e.path === safe(site.path));
	return [`${many(site.files, "file")} (${bytes(site.bytes)}) beside what was served went, as nobody asked for ${it}. To keep ${it}: `,
		el("code", {}, dir ? `--include-path '${dir.pattern}'` : safe(site.path))];
}

function headline() {
	const { fat_bytes: fat, slim_bytes: slim } = meta;
	document.title = `${safe(meta.image)}: slimtrace report`;
	$("image").textContent = safe(meta.image);
	const ratio = slim ? fat / slim : Infinity;
	$("lead").replaceChildren(...(ratio < 1.05 || !fat ? [`${fat === slim ? "All" : "Nearly all"} of its `, el("b", {}, bytes(fat)), " are needed."] :
		["From ", el("b", {}, bytes(fat)), " to ", el("b", {}, bytes(slim)), slim ? `, ${ratio.toFixed(ratio < 10 ? 1 : 0)} times smaller.` : "."]));
	$("scale").append(el("i", { p: fat ? 100 * slim / fat : 0 }));
	$("scale").setAttribute("aria-label", `${percent(slim, fat)} of the bytes stayed`);
	$("scale-text").textContent = `${many(meta.slim_files, "file")} of ${count(meta.fat_files)} stayed, ${percent(slim, fat)} of the bytes.` +
		(meta.slim_image ? ` The slim image is ${safe(meta.slim_image)}.` : " No slim image was made: this is what it would be.");
	const all = meta.fat_layer_bytes, hidden = all - fat;
	if (hidden > 0 && hidden >= all / 50)
		$("scale-text").append(` The layers of ${safe(meta.image)} take ${bytes(all)}: upper ones overwrite or delete ${bytes(hidden)} of that.`);
	const warnings = [...[...meta.warnings, ...meta.unseen].map((w) => [safe(w)]), ...meta.not_asked.slice(0, SITES).map(notAsked)];
	$("warnings").hidden = !warnings.length;
	$("warnings").querySelector("ul").append(...warnings.map((w) => el("li", {}, ...w)));
	$("footer").append(el("p", {}, `slimtrace ${meta.tool}, kernel ${meta.kernel || "not known"}, ${meta.arch || ""}, observed ${meta.started || "earlier"}. Image ${meta.image_id}.`),
		el("details", {}, el("summary", {}, "Licences of what this page uses"), el("pre", { tabindex: "0" }, LICENSES)));
}

headline();
startDetail();
startMap();
startSearch();
startSections();
