// Calls to the service: the token where one is needed, and patience where it is busy.

const PATIENCE = 60;
let token = sessionStorage.getItem("tsernet-token") || "";

export class Refusal extends Error {
  constructor(status, content) {
    super(content.detail || `HTTP ${status}`);
    this.status = status;
    this.code = content.code || "";
  }
}

export function useToken(given) {
  token = given.trim();
  sessionStorage.setItem("tsernet-token", token);
}

export async function call(path, options = {}) {
  const headers = { ...(options.headers || {}), ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  for (let tries = 0; ; tries++) {
    const answer = await fetch(path, { ...options, headers });
    if (answer.ok) return answer;
    if (answer.status === 429 && tries < PATIENCE) {
      await seconds(Number(answer.headers.get("Retry-After") || 1));
      continue;
    }
    throw new Refusal(answer.status, await answer.json().catch(() => ({})));
  }
}

export async function inspect(file, role, levels) {
  const form = new FormData();
  form.append("images", file, file.name);
  const query = new URLSearchParams({ map: "true", image: "true", partial: "true", model: role });
  if (levels) query.set("levels", levels);
  let answer, image;
  for (let tries = 0; ; tries++) {
    answer = await (await call(`/v1/inspect?${query}`, { method: "POST", body: form })).json();
    [image] = answer.images;
    if (image.status !== 429 || tries >= PATIENCE) break;
    await seconds(1);
  }
  if (image.status) throw new Refusal(image.status, image);
  const [map, pixels] = await Promise.all([blobOf(image.map), blobOf(image.image)]);
  return { ...image, map, image: pixels, model: answer.model, level: null };
}

export async function defectsAt(result, role, level) {
  const query = new URLSearchParams({ threshold: level / 255, min_area: result.min_area, model: role });
  return (await call(`/v1/defects?${query}`, { method: "POST", body: result.map, headers: { "Content-Type": "image/png" } })).json();
}

export async function labelmeAt(result, level) {
  const query = new URLSearchParams({ threshold: level / 255, min_area: result.min_area, name: result.name });
  return (await call(`/v1/annotations?${query}`, { method: "POST", body: result.map, headers: { "Content-Type": "image/png" } })).blob();
}

const seconds = (count) => new Promise((done) => setTimeout(done, 1000 * count));

async function blobOf(base64) {
  const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  return new Blob([bytes], { type: "image/png" });
}
