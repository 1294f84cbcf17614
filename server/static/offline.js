// Keeps the last pages of figures for where there is no signal, and says how old they are.
// Browsers run it only over https or on this machine itself: elsewhere there is "take along".
"use strict";

const KEPT = "doorstep-pages";
const DRESS = "doorstep-dress";
const MOST_PAGES = 80;
const OLDEST_MS = 3 * 24 * 3600 * 1000;
const PATIENCE_MS = 8000;
const NOWHERE = new URL("offline", self.registration.scope).href;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches.open(DRESS).then(async (cache) => {
      await cache.put(NOWHERE, await fetch(NOWHERE, { credentials: "omit" }));
      await self.skipWaiting();
    }),
  );
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  // What one reader kept is not for the next, who may share the phone.
  if (request.method === "POST" && /\/(sign-out|sign-in|welcome\/[^/]*)$/.test(url.pathname)) {
    event.waitUntil(caches.delete(KEPT));
    return;
  }
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (url.pathname.includes("/static/") && url.searchParams.has("v")) event.respondWith(dress(request));
});

async function page(request) {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.ok && !answer.redirected && answer.headers.get("X-Doorstep-Keep")) {
      await keep(request, answer.clone());
    } else if (answer.ok && new URL(request.url).pathname.endsWith("/sign-in")) {
      // Who is asked to sign in, perhaps again, has no right to what was kept before.
      await caches.delete(KEPT);
    }
    return answer;
  } catch (trouble) {
    const kept = await (await caches.open(KEPT)).match(request.url);
    if (kept && age(kept) < OLDEST_MS) return dated(kept);
    return nowhere();
  }
}

// What a page looks like never changes under its address.
async function dress(request) {
  const cache = await caches.open(DRESS);
  const kept = await cache.match(request.url);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request.url, answer.clone());
  return answer;
}

async function keep(request, answer) {
  const cache = await caches.open(KEPT);
  await cache.delete(request.url);
  await cache.put(request.url, answer);
  const known = await cache.keys();
  for (const one of known.slice(0, Math.max(0, known.length - MOST_PAGES))) await cache.delete(one);
}

const age = (answer) => Date.now() - Date.parse(answer.headers.get("Date") || 0);

async function dated(kept) {
  const html = await kept.text();
  const words = attribute(html, "data-offline").replace("{time}", told(kept, html));
  const line = `<p class="notice watch" role="status" id="offline-line">${words}</p>`;
  return asHtml(html.replace(/(<main[^>]*>\s*<div[^>]*>)/, `$1${line}`));
}

async function nowhere() {
  const kept = await (await caches.open(DRESS)).match(NOWHERE);
  if (!kept) return Response.error();
  const html = await kept.text();
  const cache = await caches.open(KEPT);
  const links = [];
  for (const one of await cache.keys()) {
    const answer = await cache.match(one);
    if (age(answer) >= OLDEST_MS) continue;
    const title = /<title>([^<]*) · /.exec(await answer.clone().text());
    const { pathname, search } = new URL(one.url);
    links.unshift(`<li><a href="${escaped(pathname + search)}"><span>${title ? title[1] : escaped(pathname)}<small>${told(answer, html)}</small></span></a></li>`);
  }
  return asHtml(html.replace("<!--kept-->", links.join("")));
}

const attribute = (html, name) => (new RegExp(`${name}="([^"]*)"`).exec(html) || ["", ""])[1];

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

function told(answer, html) {
  const at = new Date(answer.headers.get("Date"));
  return at.toLocaleString(attribute(html, "lang") || "zh", { dateStyle: "medium", timeStyle: "short" });
}

const asHtml = (html) => new Response(html, { headers: { "Content-Type": "text/html; charset=utf-8" } });
