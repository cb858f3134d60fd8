// A ZIP archive whose files are stored as they are: PNG is packed already. Source: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16.

const UTF8_NAMES = 0x0800;
const NO_DATE = 0x21; // 1 January 1980, the first that there is
const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes) {
  let value = 0xffffffff;
  for (const one of bytes) value = TABLE[(value ^ one) & 255] ^ (value >>> 8);
  return ~value >>> 0;
}

function fields(...pairs) {
  const view = new DataView(new ArrayBuffer(pairs.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of pairs) {
    if (size === 4) view.setUint32(at, value, true);
    else view.setUint16(at, value, true);
    at += size;
  }
  return view;
}

// files: [name, Blob] each.
export async function zipOf(files) {
  const parts = [];
  const list = [];
  let at = 0;
  for (const [name, blob] of files) {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const called = new TextEncoder().encode(name);
    const both = [[2, 20], [2, UTF8_NAMES], [2, 0], [2, 0], [2, NO_DATE], [4, crc32(bytes)], [4, bytes.length], [4, bytes.length], [2, called.length], [2, 0]];
    const head = fields([4, 0x04034b50], ...both);
    list.push(fields([4, 0x02014b50], [2, 20], ...both, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]), called);
    parts.push(head, called, bytes);
    at += head.byteLength + called.length + bytes.length;
  }
  const size = list.reduce((sum, part) => sum + part.byteLength, 0);
  const end = fields([4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, size], [4, at], [2, 0]);
  return new Blob([...parts, ...list, end], { type: "application/zip" });
}
