/* The slider of weeks: figures as they were, on the same marks. Without it the links of the row do. */
"use strict";
(() => {
  const V = window.villageMap;
  const { told, here, page, say, read, announce, places } = V;
  const row = page.querySelector(".map-time");
  if (!row || !here.week) return;
  const weeks = row.dataset.weeks.split(",");
  const last = weeks.length - 1;
  const slider = document.getElementById("map-week");
  const words = row.querySelector(".map-when");
  const locale = page.lang === "en" ? "en-GB" : page.lang;
  const known = new Map(); // Weeks that were asked for, and the figures of now as "".
  let at = Number(row.dataset.at);
  let asked = 0;

  const day = (monday) => {
    const sunday = new Date(new Date(monday).getTime() + 6 * 86400e3);
    return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" }).format(sunday);
  };
  const isTimed = (name) => told.timed.includes(name);

  const put = (sent) => {
    const byCode = new Map(sent.villages.map((cells) => [cells[0], cells]));
    for (const place of places.villages) {
      const cells = byCode.get(place.id);
      if (cells) sent.fields.forEach((name, number) => { if (name !== "code") place[name] = cells[number]; });
      place.week = at < last;
    }
  };

  /** Counts in the legends are those of the week that is drawn. */
  const count = () => {
    for (const name of told.timed) {
      const rows = page.querySelectorAll(`[data-legend=${name}] b`);
      const keys = Object.keys(told.symbols[name]);
      keys.forEach((key, number) => {
        const found = places.villages.filter((place) => place.keys[name][place[`${name}_class`]] === key).length;
        if (rows[number]) rows[number].textContent = found;
      });
    }
  };

  const figures = async (number) => {
    if (!known.has(number)) known.set(number, await read(`${here.week}?week=${number < last ? weeks[number] : ""}`));
    return known.get(number);
  };

  const say_when = (number) => {
    words.textContent = number < last ? say("by %(day)s", { day: day(weeks[number]) }) : say("now");
    slider.value = number;
    slider.setAttribute("aria-valuetext", words.textContent);
    for (const [name, is] of [["before", number > 0], ["after", number < last], ["now", number < last]]) {
      row.querySelector(`[data-step=${name}]`).toggleAttribute("data-off", !is);
    }
  };

  const go = async (number) => {
    const turn = ++asked;
    say_when(number);
    try {
      const sent = await figures(number);
      if (turn !== asked) return; // The slider has moved on.
      at = number;
      put(sent);
      count();
      V.dressAll();
      if (V.chosen) V.showDetails(V.chosen);
      announce("");
    } catch (problem) {
      announce(say("The week could not be loaded."), () => go(number));
    }
  };

  slider.hidden = false;
  slider.addEventListener("input", () => say_when(Number(slider.value)));
  slider.addEventListener("change", () => go(Number(slider.value)));
  for (const [name, to] of [["before", () => at - 1], ["after", () => at + 1], ["now", () => last]]) {
    const step = row.querySelector(`[data-step=${name}]`);
    const button = V.node("button", { type: "button", class: "quiet", "data-step": name, "aria-label": step.getAttribute("aria-label") || say(name === "now" ? "now" : "") });
    button.textContent = step.textContent;
    button.addEventListener("click", () => go(Math.max(0, Math.min(last, to()))));
    step.replaceWith(button);
  }
  say_when(at);
  V.onLayer.push((name) => { row.hidden = !isTimed(name); });
  V.onLoaded.push(async (kind) => { if (kind === "villages" && at < last) { put(await figures(at)); count(); } });
})();
