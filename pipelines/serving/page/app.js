import { call, defectsAt, inspect, labelmeAt, Refusal, useToken } from "./api.js";
import { csvOf, download, filesOf, imagesAmong, stemOf } from "./files.js";
import { View } from "./view.js";
import { zipOf } from "./zip.js";

const AT_ONCE = 2;
const by = (id) => document.getElementById(id);
const items = [];
const waiting = [];
const views = { champion: new View("champion"), challenger: new View("challenger") };
// null: each model's own threshold; else the same level, 1…255, for both.
let level = null;
let selected = null;
let busy = 0;
let turn = 0;

by("views").append(views.champion.element, views.challenger.element);

function levels() {
  const [black, white] = [by("black").value, by("white").value];
  return black !== "" && white !== "" ? `${black},${white}` : "";
}

const dependsOnLevels = (result) => result.error || result.bits > 8;
const roles = () => (by("compare").checked ? ["champion", "challenger"] : ["champion"]);
const ownLevel = (result) => Math.min(Math.max(Math.ceil(result.model.threshold * 255 - 1e-6), 1), 255);
const levelOf = (result) => level ?? ownLevel(result);

function add(files) {
  for (const file of files) {
    const item = { file, name: file.webkitRelativePath || file.name, results: {}, wanted: new Set(), button: document.createElement("button") };
    item.button.type = "button";
    item.button.append(document.createElement("span"), document.createElement("span"));
    item.button.firstChild.textContent = item.name;
    item.button.addEventListener("click", () => select(item));
    const row = document.createElement("li");
    row.append(item.button);
    by("list").append(row);
    items.push(item);
    want(item);
  }
  by("work").hidden = !items.length;
  if (!selected && items.length) select(items[0]);
}

function want(item) {
  for (const role of roles()) {
    if (item.results[role] || item.wanted.has(role)) continue;
    item.wanted.add(role);
    waiting.push([item, role]);
  }
  work();
}

async function work() {
  while (busy < AT_ONCE && waiting.length) {
    const [item, role] = waiting.shift();
    busy += 1;
    one(item, role).finally(() => {
      busy -= 1;
      work();
    });
  }
  const done = items.filter((item) => item.results.champion).length;
  by("status").textContent = items.length ? `${done} of ${items.length} images inspected` : "";
}

async function one(item, role) {
  const asked = levels();
  let result;
  try {
    result = await inspect(item.file, role, asked);
  } catch (error) {
    result = { error };
    if (error instanceof Refusal && error.status === 401) by("token-form").hidden = false;
  }
  item.wanted.delete(role);
  if (asked !== levels() && dependsOnLevels(result)) return want(item);
  item.results[role] = result;
  const champion = item.results.champion;
  if (champion) {
    const said = champion.error ? "failed" : champion.verdict;
    item.button.lastChild.textContent = champion.error ? "!" : said === "clean" ? "clean" : String(champion.defects_total);
    item.button.lastChild.className = said;
    item.button.title = champion.error ? champion.error.message : said;
  }
  if (item === selected) await show();
}

async function select(item) {
  selected = item;
  for (const other of items) other.button.setAttribute("aria-current", other === item);
  want(item);
  await show();
}

async function show() {
  const mine = ++turn;
  const results = roles().map((role) => selected.results[role]);
  const failed = results.find((result) => result && result.error);
  by("failure").hidden = !failed;
  for (const id of ["get-map", "get-labelme"]) by(id).disabled = !current();
  if (failed) say(failed.error);
  const champion = selected.results.champion;
  if (champion && !champion.error) {
    by("threshold").value = levelOf(champion);
    tell();
  }
  for (const role of Object.keys(views)) {
    const result = roles().includes(role) ? selected.results[role] : null;
    const shown = result && !result.error ? result : null;
    if (mine !== turn) return;
    await views[role].show(shown);
    if (mine === turn && shown) await refresh(role, shown);
  }
}

// The overlay follows at once; the table when the service has listed the defects.
async function refresh(role, result) {
  const wanted = levelOf(result);
  views[role].mark(wanted, by("overlay").checked);
  const listed = level === null ? result : await listedAt(result, role, wanted);
  if (selected.results[role] === result && levelOf(result) === wanted) views[role].list(result, listed, wanted);
}

async function listedAt(result, role, wanted) {
  if (!result.listed || result.listed.level !== wanted) {
    result.listed = { level: wanted, ...(await defectsAt(result, role, wanted)) };
  }
  return result.listed;
}

function say(error) {
  const [words, again] = by("failure").children;
  words.textContent = error.message;
  const bits = /^levels-(\d+)$/.exec(error.code || "");
  again.hidden = !bits;
  if (!bits) return;
  const white = 2 ** Number(bits[1]) - 1;
  again.textContent = `Inspect with black ${by("black").value || 0}, white ${by("white").value || white}`;
  again.onclick = () => {
    if (by("black").value === "") by("black").value = 0;
    if (by("white").value === "") by("white").value = white;
    relevel();
  };
}

function retry(again = (result) => result.error) {
  for (const item of items) {
    for (const role of Object.keys(item.results)) if (again(item.results[role])) delete item.results[role];
    if (roles().some((role) => !item.results[role])) want(item);
  }
  if (selected) show();
}

// Other levels are another image, unless they are half typed.
function relevel() {
  if ((by("black").value === "") === (by("white").value === "")) retry(dependsOnLevels);
}

function tell() {
  const value = Number(by("threshold").value);
  by("threshold-value").textContent = (value / 255).toFixed(2);
  by("threshold").setAttribute("aria-valuetext", (value / 255).toFixed(2));
  by("own").disabled = level === null;
}

let pause = 0;
function move() {
  tell();
  for (const role of roles()) {
    const result = selected && selected.results[role];
    if (result && !result.error) views[role].mark(levelOf(result), by("overlay").checked);
  }
  clearTimeout(pause);
  pause = setTimeout(show, 150);
}

async function models() {
  try {
    const found = await (await call("/v1/models")).json();
    const named = ["champion", "challenger"].filter((role) => found[role]).map((role) => `${role} ${found[role].name}`);
    by("models").textContent = named.join(" · ") || "no model";
    by("problem").hidden = !found.problem;
    by("problem").textContent = found.problem || "";
    by("compare").disabled = !found.challenger;
    by("token-form").hidden = true;
  } catch (error) {
    by("models").textContent = error.message;
    by("token-form").hidden = error.status !== 401;
  }
}

async function csv() {
  const rows = [];
  for (const item of items) {
    for (const role of roles()) {
      const result = item.results[role];
      if (!result || result.error) continue;
      const listed = level === null ? result : await listedAt(result, role, level);
      rows.push([role, { ...result, defects: listed.defects, defects_total: listed.defects_total }, level === null ? result.threshold : level / 255]);
    }
  }
  download(csvOf(rows), "defects.csv");
}

async function archive() {
  const files = [];
  for (const item of items) {
    const result = item.results.champion;
    if (!result || result.error) continue;
    // Two files of one name, from two folders or of two kinds, must not become one.
    const taken = new Set(files.map(([name]) => name));
    let stem = stemOf(item.name);
    for (let count = 2; taken.has(`maps/${stem}.png`); count++) stem = `${stemOf(item.name)}-${count}`;
    files.push([`maps/${stem}.png`, result.map], [`labelme/${stem}.json`, await labelmeAt(result, levelOf(result))]);
  }
  download(await zipOf(files), "inspection.zip");
}

const current = () => (selected && selected.results.champion && !selected.results.champion.error ? selected.results.champion : null);
const drop = by("drop");
for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());
document.addEventListener("dragover", () => drop.classList.add("over"));
document.addEventListener("dragleave", () => drop.classList.remove("over"));
document.addEventListener("drop", async (event) => {
  drop.classList.remove("over");
  add(await filesOf(event.dataTransfer));
});
by("choose").addEventListener("click", () => by("files").click());
by("choose-folder").addEventListener("click", () => by("folder").click());
by("files").addEventListener("change", () => add([...by("files").files]));
by("folder").addEventListener("change", () => add(imagesAmong(by("folder").files)));
by("threshold").addEventListener("input", () => {
  level = Number(by("threshold").value);
  move();
});
by("own").addEventListener("click", () => {
  level = null;
  show();
});
by("compare").addEventListener("change", () => {
  items.forEach(want);
  if (selected) show();
});
by("overlay").addEventListener("change", move);
for (const id of ["black", "white"]) by(id).addEventListener("change", relevel);
by("get-map").addEventListener("click", () => current() && download(current().map, `${stemOf(current().name)}.png`));
by("get-labelme").addEventListener("click", async () => {
  const result = current();
  if (result) download(await labelmeAt(result, levelOf(result)), `${stemOf(result.name)}.json`);
});
by("get-csv").addEventListener("click", csv);
by("get-zip").addEventListener("click", archive);
by("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  useToken(by("token").value);
  models();
  retry();
});
models();
setInterval(models, 5000);
