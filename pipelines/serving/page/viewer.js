// One model's view of one image: the image, what is marked on it, and the box of one defect.

const MARK = [230, 60, 40];

export class Viewer {
  constructor(onPoint) {
    this.stage = document.createElement("div");
    this.stage.className = "stage";
    this.base = document.createElement("canvas");
    this.over = document.createElement("canvas");
    this.over.className = "over";
    this.box = document.createElement("div");
    this.box.className = "box";
    this.box.hidden = true;
    this.stage.append(this.base, this.over, this.box);
    this.stage.addEventListener("pointermove", (event) => onPoint(this.place(event)));
    this.stage.addEventListener("pointerleave", () => onPoint(null));
  }

  async show(result) {
    const [image, map] = await Promise.all([createImageBitmap(result.image), createImageBitmap(result.map)]);
    this.width = image.width;
    this.height = image.height;
    for (const canvas of [this.base, this.over]) {
      canvas.width = image.width;
      canvas.height = image.height;
    }
    const context = this.over.getContext("2d", { willReadFrequently: true });
    context.drawImage(map, 0, 0);
    const shown = context.getImageData(0, 0, image.width, image.height).data;
    this.map = new Uint8Array(image.width * image.height);
    for (let index = 0; index < this.map.length; index++) this.map[index] = shown[4 * index];
    const below = this.base.getContext("2d");
    below.drawImage(image, 0, 0);
    this.base.setAttribute("role", "img");
    this.base.setAttribute("aria-label", `${result.name}, ${image.width} × ${image.height} pixels`);
    image.close();
    map.close();
  }

  // Colours what is at or above the level, its rim more than its inside.
  mark(level, visible) {
    const { width, height, map } = this;
    const context = this.over.getContext("2d", { willReadFrequently: true });
    const drawn = context.createImageData(width, height);
    const pixels = drawn.data;
    for (let y = 0, index = 0; visible && y < height; y++) {
      for (let x = 0; x < width; x++, index++) {
        if (map[index] < level) continue;
        const inside = x > 0 && x < width - 1 && y > 0 && y < height - 1 && map[index - 1] >= level && map[index + 1] >= level
          && map[index - width] >= level && map[index + width] >= level;
        pixels.set(MARK, 4 * index);
        pixels[4 * index + 3] = inside ? 90 : 255;
      }
    }
    context.putImageData(drawn, 0, 0);
  }

  frame(defect) {
    this.box.hidden = !defect;
    if (!defect) return;
    const share = (value, whole) => `${(100 * value) / whole}%`;
    this.box.style.left = share(defect.left, this.width);
    this.box.style.top = share(defect.top, this.height);
    this.box.style.width = share(defect.box_width, this.width);
    this.box.style.height = share(defect.box_height, this.height);
  }

  place(event) {
    const area = this.base.getBoundingClientRect();
    return { x: ((event.clientX - area.left) / area.width) * this.width, y: ((event.clientY - area.top) / area.height) * this.height };
  }
}
