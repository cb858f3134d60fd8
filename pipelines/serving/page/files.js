// Which files were dropped or chosen, and how a file is handed back.

const SUFFIX = /\.(png|bmp|jpe?g|tiff?|jp2|j2k)$/i;

export async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  const found = [];
  for (const entry of entries) await walk(entry, found, true);
  return found;
}

// Of a folder what is called like an image; a single file is sent whatever it is called.
async function walk(entry, found, named) {
  if (entry.isFile) {
    if (named || SUFFIX.test(entry.name)) found.push(await new Promise((done, failed) => entry.file(done, failed)));
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return;
    for (const one of some) await walk(one, found, false);
  }
}

export const imagesAmong = (files) => [...files].filter((file) => SUFFIX.test(file.name));

export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

export const stemOf = (name) => name.split("/").pop().replace(/\.[^.]*$/, "") || "image";

const COLUMNS = ["left", "top", "box_width", "box_height", "area", "length", "width", "angle", "mean", "peak", "edge_distance",
  "left_mm", "top_mm", "area_mm2", "length_mm", "width_mm", "edge_distance_mm"];

export function csvOf(results) {
  const lines = [["image", "role", "model", "threshold", "verdict", "id", ...COLUMNS]];
  for (const [role, one, threshold] of results) {
    const head = [one.name, role, one.model.name, threshold, one.defects_total ? "defective" : "clean"];
    if (!one.defects.length) lines.push(head);
    for (const defect of one.defects) lines.push([...head, defect.id, ...COLUMNS.map((key) => defect[key] ?? "")]);
  }
  return new Blob([lines.map((line) => line.map(cell).join(",")).join("\n") + "\n"], { type: "text/csv" });
}

function cell(value) {
  let text = String(value);
  // A spreadsheet would take a file name that begins so for a formula.
  if (typeof value === "string" && /^[=+\-@\t]/.test(text)) text = `'${text}`;
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
