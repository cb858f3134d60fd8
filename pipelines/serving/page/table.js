// The defects of one view: what the pointer or the focus is on is framed in the image, and what the pointer is on there is lit here.

const HEADS = ["#", "left", "top", "length", "width", "area", "peak"];

export class DefectTable {
  constructor(onChoice) {
    this.onChoice = onChoice;
    this.element = document.createElement("div");
    this.element.className = "rows";
    this.table = document.createElement("table");
    const head = this.table.createTHead().insertRow();
    for (const title of HEADS) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = title;
      head.append(cell);
    }
    this.body = this.table.createTBody();
    this.element.append(this.table);
    this.body.addEventListener("pointerover", (event) => this.choose(event.target.closest("tr")));
    this.body.addEventListener("pointerleave", () => this.choose(this.body.querySelector("tr:focus")));
    this.body.addEventListener("focusin", (event) => this.choose(event.target.closest("tr")));
    this.body.addEventListener("focusout", () => this.choose(null));
    this.body.addEventListener("keydown", (event) => this.step(event));
  }

  show(defects, label) {
    this.defects = defects;
    this.table.setAttribute("aria-label", label);
    this.table.hidden = !defects.length;
    this.body.replaceChildren(...defects.map((one) => {
      const row = document.createElement("tr");
      row.tabIndex = 0;
      const values = [one.id, one.left, one.top, one.length.toFixed(1), one.width.toFixed(1), one.area, one.peak.toFixed(2)];
      row.append(...values.map((value) => Object.assign(document.createElement("td"), { textContent: value })));
      return row;
    }));
  }

  choose(row) {
    for (const one of this.body.rows) one.classList.toggle("lit", one === row);
    this.onChoice(row ? this.defects[row.sectionRowIndex] : null);
  }

  // The pointer is at this place of the image, or nowhere: the smallest box around it is meant.
  point(place) {
    let found = null;
    (this.defects || []).forEach((one, index) => {
      const inside = place && place.x >= one.left && place.x < one.left + one.box_width && place.y >= one.top && place.y < one.top + one.box_height;
      if (inside && (!found || one.area < this.defects[found.index].area)) found = { index };
    });
    this.choose(found ? this.body.rows[found.index] : this.body.querySelector("tr:focus"));
  }

  step(event) {
    const move = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    const next = move && document.activeElement[move];
    if (!next) return;
    next.focus();
    event.preventDefault();
  }
}
