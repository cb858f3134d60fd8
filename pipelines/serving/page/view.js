// A viewer with its caption and its table.

import { DefectTable } from "./table.js";
import { Viewer } from "./viewer.js";

export class View {
  constructor(role) {
    this.role = role;
    this.element = document.createElement("div");
    this.element.className = "view";
    this.element.dataset.role = role;
    this.element.hidden = true;
    const figure = document.createElement("figure");
    this.caption = document.createElement("figcaption");
    this.table = new DefectTable((defect) => this.viewer.frame(defect));
    this.viewer = new Viewer((place) => this.table.point(place));
    figure.append(this.caption, this.viewer.stage);
    this.element.append(figure, this.table.element);
  }

  async show(result) {
    this.element.hidden = !result;
    if (result && this.shown !== result) {
      await this.viewer.show(result);
      this.viewer.frame(null);
    }
    this.shown = result;
  }

  mark(level, visible) {
    if (this.shown) this.viewer.mark(level, visible);
  }

  list(result, listed, level) {
    const count = listed.defects_total;
    const words = count ? `${count} ${count === 1 ? "defect" : "defects"}` : "clean";
    const shown = listed.defects.length < count ? `, the ${listed.defects.length} largest listed` : "";
    const strong = Object.assign(document.createElement("strong"), { textContent: words, className: count ? "defective" : "clean" });
    const small = document.createElement("small");
    small.textContent = ` ${this.role} ${result.model.name}, at ${(level / 255).toFixed(2)}${shown} · ${result.width} × ${result.height}, ${result.bits} bits`;
    const warnings = result.warnings.map((line) => Object.assign(document.createElement("p"), { textContent: line, className: "warning" }));
    this.caption.replaceChildren(strong, small, ...warnings);
    this.table.show(listed.defects, `Defects, ${this.role}`);
  }
}
