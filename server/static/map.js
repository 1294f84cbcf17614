/* The map of villages and clinics: fetches the layers, draws marks, shows the figures of the one that
   is chosen. Wants Leaflet, the map that folium made, and what maps/page.py wrote into the page. */
"use strict";
(() => {
  const page = document.getElementById("map-page");
  const told = JSON.parse(document.getElementById("map-told").textContent);
  const status = page.querySelector(".map-status");
  const panel = document.getElementById("map-panel");
  const language = page.lang;
  const locale = language === "en" ? "en-GB" : language; // 12 Aug 2026, which nobody takes for 8 December.
  const here = page.dataset;
  const map = window[here.map];

  const say = (msgid, places) =>
    (told.words[msgid] || msgid).replace(/%\((\w+)\)s/g, (_, name) => places[name]);
  const figure = (count) => (count === null ? "–" : count.toLocaleString(language));
  const day = (text) =>
    new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" }).format(new Date(text));
  const ago = (days) => new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-days, "day");
  // Half up in whole numbers, as maps/coverage.py rounds.
  const percent = (part, whole) => Math.floor((200 * part + whole) / (2 * whole));

  const node = (tag, attributes, ...inside) => {
    const made = document.createElement(tag);
    for (const [name, said] of Object.entries(attributes || {})) made.setAttribute(name, said);
    made.append(...inside.filter((one) => one !== null && one !== ""));
    return made;
  };

  /* Marks ------------------------------------------------------------------------------------ */

  const svg = L.svg({ padding: 0.4 });
  const layerOf = { coverage: "villages", suspected: "villages", documented: "villages", clinics: "clinics" };
  const places = { villages: [], clinics: [] };
  let layer = here.layer;
  let chosen = null;
  let fitted = 0; // The zoom at which everything is in view; marks grow from there.
  let usual = 14; // Radius of a mark of usual size at that zoom, in pixels.

  const isDark = (colour) => {
    if (!colour) return false;
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
    return 0.299 * red + 0.587 * green + 0.114 * blue < 140;
  };

  const outline = (shape, centre, radius) => {
    const corners = told.shapes[shape];
    if (corners) {
      return "M" + corners.map(([x, y]) => `${centre.x + radius * x} ${centre.y + radius * y}`).join("L") + "z";
    }
    const arc = `a${radius} ${radius} 0 1 0 `;
    return `M${centre.x - radius} ${centre.y}${arc}${radius * 2} 0${arc}${-radius * 2} 0`;
  };

  /** A mark of any shape with a sign inside, drawn with Leaflet's SVG. */
  const Mark = L.CircleMarker.extend({
    onAdd(target) {
      this.sign = L.SVG.create("text");
      L.CircleMarker.prototype.onAdd.call(this, target);
      (this.options.isPlace ? signs : cellSigns).append(this.sign);
      this._markKind(false);
    },
    onRemove(target) {
      this.sign.remove();
      L.CircleMarker.prototype.onRemove.call(this, target);
    },
    /** Takes a symbol, the text in it and its looks; a mark not on the map keeps them until it is. */
    dress(symbol, text, isChosen, radius) {
      this.options.radius = this._radius = radius;
      Object.assign(this.options, { symbol, text });
      this.setStyle(styleOf(symbol, isChosen, radius));
      this._markKind(isChosen);
      return this.redraw();
    },
    _markKind(isChosen) {
      if (!this._path) return;
      this._path.classList.toggle("is-chosen", Boolean(isChosen));
      this._path.classList.toggle("is-hollow", !this.options.symbol.colour);
    },
    _updatePath() {
      const { symbol, text } = this.options;
      const inView = !this._empty();
      const radius = this._radius;
      this._renderer._setPath(this, inView ? outline(symbol.shape, this._point, radius) : "M0 0");
      const shown = inView && radius >= 9 ? text : "";
      this.sign.textContent = shown;
      if (!shown) return;
      const ground = symbol.is_hatched ? "on-stripes" : symbol.colour ? "" : "is-hollow";
      this.sign.setAttribute("class", `map-sign ${isDark(symbol.colour) && !ground ? "is-light" : ground}`);
      this.sign.setAttribute("x", this._point.x);
      this.sign.setAttribute("y", this._point.y + (symbol.shape === "triangle" ? radius * 0.2 : 0));
      this.sign.setAttribute("font-size", Math.min(16, radius * (text.length > 2 ? 0.78 : 0.98)));
    },
  });

  const styleOf = (symbol, isChosen, radius) => ({
    weight: isChosen ? 3.5 : radius < 7 ? 0.9 : 1.5,
    fillColor: symbol.is_hatched ? "url(#map-hatch)" : symbol.colour || "none",
    fillOpacity: 1,
    opacity: 1,
    dashArray: symbol.is_dashed && !isChosen ? "4 3" : null,
    lineJoin: "round",
  });

  svg.addTo(map);
  const [signs, cellSigns, names] = ["signs", "cell-signs", "names"].map((name) => {
    const group = L.SVG.create("g");
    group.setAttribute("class", `map-${name}`);
    svg._container.append(group);
    return group;
  });
  const hatch = L.SVG.create("defs");
  hatch.innerHTML =
    '<pattern id="map-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">' +
    '<rect width="6" height="6" fill="#eceeee" stroke="none"/>' +
    '<rect width="2.2" height="6" fill="#8b959c" stroke="none"/></pattern>';
  svg._container.append(hatch);

  /* What a place is in the layer that is shown -------------------------------------------------- */

  const keyOf = (place) =>
    ({ coverage: place.coverage, suspected: place.suspected_class, documented: place.documented_class,
       clinics: place.class })[layer];
  const symbolOf = (place) => told.symbols[layer][place.keys[layer][keyOf(place)]];
  const numberOf = (place) =>
    ({ suspected: place.suspected, documented: place.documented,
       clinics: place.score === null ? null : Math.round(place.score) })[layer];
  const textOf = (place, symbol) => {
    if (symbol.sign === "%") return String(percent(place.done, place.register));
    if (symbol.sign === "#") return String(numberOf(place));
    return symbol.sign;
  };
  const radiusOf = (place) => {
    const grown = usual * 1.45 ** Math.max(-1, map.getZoom() - fitted);
    return Math.min(grown, Math.max(usual, 16)) * place.weight;
  };
  const answerOf = (place) => {
    if (layer === "clinics") return place.score === null ? say("no audit") : String(place.score);
    if (layer !== "coverage") {
      const found = numberOf(place);
      return `${found === null ? say("fewer than shown") : figure(found)} · ${screenedOf(place)}`;
    }
    return place.register
      ? `${percent(place.done, place.register)}% · ${householdsOf(place)}`
      : householdsOf(place);
  };
  const householdsOf = (place) =>
    place.register
      ? say("%(done)s of %(register)s households", { done: figure(place.done), register: figure(place.register) })
      : say("%(done)s households, no register", { done: figure(place.done) });
  const screenedOf = (place) =>
    place.register_persons
      ? say("%(screened)s of %(persons)s persons", { screened: figure(place.screened), persons: figure(place.register_persons) })
      : say("%(screened)s persons", { screened: figure(place.screened) });

  const shown = () => places[layerOf[layer]];
  const onMap = () => shown().filter((place) => place.mark);
  const leftOf = (place) => (place.register === null ? -1 : place.register - place.done);
  const order = (one, other) =>
    layer === "clinics"
      ? (one.score === null ? -1 : one.score) - (other.score === null ? -1 : other.score)
      : leftOf(other) - leftOf(one);

  const dress = (place) => {
    const symbol = symbolOf(place);
    const isChosen = place === chosen;
    place.mark.dress(symbol, textOf(place, symbol), isChosen, radiusOf(place) + (isChosen ? 2 : 0));
  };
  const dressAll = () => {
    onMap().forEach(dress);
    writeNames();
  };

  /* Names: as many as fit without touching a mark or one another -------------------------------- */

  const widthOf = (text, size) =>
    Array.from(text).reduce((sum, letter) => sum + (letter > "\u2e7f" ? size : size * 0.56), 0);
  const clear = (box, taken) =>
    taken.every((one) => box[2] < one[0] || box[0] > one[2] || box[3] < one[1] || box[1] > one[3]);

  const writeNames = () => {
    names.replaceChildren();
    const view = map.getBounds().pad(0.1);
    const visible = onMap().filter((place) => view.contains(place.mark.getLatLng()));
    const [{ x: left, y: top }, { x: right, y: bottom }] = [[0, 0], map.getSize()].map((corner) => map.containerPointToLayerPoint(corner));
    const taken = [[left, bottom - 34, left + 120, bottom]]; // The scale's corner.
    const areMany = visible.length > 150;
    if (!areMany) {
      for (const { mark } of visible) {
        const [{ x, y }, r] = [mark._point, mark.getRadius()];
        taken.push([x - r, y - r, x + r, y + r]);
      }
    }
    const write = (text, x, y, size, kind, isForced) => {
      const half = widthOf(text, size) / 2 + 2;
      if (isForced) x = Math.max(left + half, Math.min(right - half, x));
      const box = [x - half, y - size * 0.85, x + half, y + size * 0.3];
      const isWhole = box[0] > left && box[1] > top && box[2] < right && box[3] < bottom;
      if (!isForced && !(isWhole && clear(box, taken))) return false;
      taken.push(box);
      const name = L.SVG.create("text");
      name.setAttribute("class", `map-name ${kind}`);
      name.setAttribute("x", x);
      name.setAttribute("y", y);
      name.textContent = text;
      names.append(name);
      return true;
    };
    if (areMany) return writeTownships(visible, write);
    const first = (place) => (place === chosen ? -Infinity : -leftOf(place));
    for (const place of [...visible].sort((one, other) => first(one) - first(other))) {
      const [{ x, y }, r] = [place.mark._point, place.mark.getRadius()];
      const kind = place === chosen ? "is-chosen" : "";
      const half = widthOf(place.name, 13) / 2;
      write(place.name, x, y + r + 13, 13, kind) ||
        write(place.name, x, y - r - 5, 13, kind) ||
        write(place.name, x + r + half + 3, y + 4, 13, kind) ||
        write(place.name, x - r - half - 3, y + 4, 13, kind) ||
        (place === chosen && write(place.name, x, y + r + 14, 13, kind, true));
    }
  };

  /** Townships in the middle of their villages, over the marks, when villages are too many to name. */
  const writeTownships = (visible, write) => {
    const groups = new Map();
    for (const place of visible) groups.set(place.township, [...(groups.get(place.township) || []), place.mark._point]);
    for (const [township, points] of groups) {
      const [x, y] = ["x", "y"].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
      write(township, x, y, 13, "is-township");
    }
  };

  /* Choosing one --------------------------------------------------------------------------------- */

  const figures = (pairs) =>
    node("dl", { class: "figures" },
      ...pairs.map(([title, said, beside, below]) =>
        node("div", {}, node("dt", {}, title),
          node("dd", {}, said, beside ? node("span", {}, ` ${beside}`) : "", below ? node("small", {}, below) : ""))));

  const parts = (place) => {
    const named = [["Completed", place.completed], ["Refused", place.refused], ["Absent", place.absent], ["Vacated", place.vacated]];
    const whole = Math.max(place.register || 0, place.done);
    if (!whole) return [];
    const bar = node("div", { class: "map-parts", "aria-hidden": "true" });
    for (const [, count] of named) {
      if (!count) continue;
      const part = node("i");
      part.style.inlineSize = `${(100 * count) / whole}%`;
      bar.append(part);
    }
    const text = named.filter(([, count]) => count).map(([title, count]) => `${say(title)} ${figure(count)}`);
    return [bar, text.length ? node("p", { class: "map-parts-text" }, text.join(" · ")) : ""];
  };

  const villageDetails = (place) => {
    const found = (count) => (count === null ? say("fewer than shown") : figure(count));
    const source = place.register_source ? say(place.register_source) : "";
    const register = [source, place.register_on ? day(place.register_on) : ""].filter(Boolean).join(" · ");
    return [
      ...parts(place),
      figures([
        [say("Households left"), place.register === null ? "–" : figure(Math.max(0, leftOf(place)))],
        [say("Screened"), figure(place.screened), place.register_persons ? `/ ${figure(place.register_persons)}` : ""],
        [say("Suspected"), found(place.suspected)],
        [say("Documented"), found(place.documented)],
        [say("Last visit"), place.days_behind === null ? say("never") : ago(place.days_behind), "",
          place.last_visit_on ? day(place.last_visit_on) : ""],
        [say("Register"), figure(place.register), "", register],
      ]),
    ];
  };

  const clinicDetails = (place) => [
    figures([
      [say("Score"), place.score === null ? "–" : String(place.score)],
      [say("Musts missing"), figure(place.vetoes)],
      [say("Audited on"), place.audited_on ? day(place.audited_on) : say("no audit")],
    ]),
  ];

  const showDetails = (place) => {
    const isClinic = layer === "clinics";
    const template = isClinic ? here.clinicPage : here.villagePage;
    const symbol = symbolOf(place);
    const [big, ...rest] = answerOf(place).split(" · ");
    const state = symbol.sign === "%" || symbol.sign === "#" ? "" : symbol.label;
    panel.replaceChildren(
      node("h2", {}, place.name),
      node("p", { class: "map-where" }, [place.village, place.township, state].filter(Boolean).join(" · ")),
      node("p", { class: "map-answer" }, node("strong", {}, big), ` ${rest.join(" · ")}`),
      template
        ? node("a", { class: "button", href: template.replace("{id}", encodeURIComponent(place.id)) },
            say(isClinic ? "Open clinic" : "Open village"))
        : "",
      ...(isClinic ? clinicDetails(place) : villageDetails(place)),
    );
  };

  const choose = (place) => {
    const before = chosen;
    chosen = place;
    for (const one of [before, place]) if (one && one.mark) dress(one);
    writeNames();
    if (!place) return;
    if (place.mark) {
      place.mark.bringToFront();
      if (!map.getBounds().pad(-0.1).contains(place.mark.getLatLng())) map.panTo(place.mark.getLatLng());
    }
    showDetails(place);
    history.replaceState(null, "", `#${encodeURIComponent(place.id)}`);
    // The answer and the way on come into view; the map stays there too.
    (panel.querySelector(".button") || panel).scrollIntoView({ block: "nearest", behavior: "smooth" });
  };

  const step = (direction) => {
    const ordered = [...shown()].sort(order);
    if (!ordered.length) return;
    const at = ordered.indexOf(chosen);
    choose(ordered[at < 0 ? (direction > 0 ? 0 : ordered.length - 1) : (at + direction + ordered.length) % ordered.length]);
  };

  /* A thumb is wider than a mark: the nearest within reach is meant. */
  const nearest = (point) => {
    let found = null;
    let least = 1;
    for (const place of onMap()) {
      const away = map.latLngToContainerPoint(place.mark.getLatLng()).distanceTo(point);
      const reach = away / Math.max(22, place.mark.getRadius() + 6);
      if (reach < least) [found, least] = [place, reach];
    }
    return found;
  };

  /* Fetching ------------------------------------------------------------------------------------- */

  const announce = (words, again) => {
    status.replaceChildren(words);
    if (again) {
      const button = node("button", { type: "button", class: "quiet" }, say("Try again"));
      button.addEventListener("click", again);
      status.append(button);
    }
  };

  const read = async (url, options) => {
    const answer = await fetch(url, { credentials: "same-origin", headers: { Accept: "application/json" }, ...options });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.json();
  };

  const placesFrom = (sent, rows) => {
    const several = rows.map((row) => {
      const place = { keys: sent.symbols };
      sent.fields.forEach((name, at) => (place[name] = row[at]));
      place.id = place.id || place.code;
      place.township = sent.townships[place.township][1];
      return place;
    });
    const sizes = several.map((place) => place.register || 0).sort((one, other) => one - other);
    const median = sizes[sizes.length >> 1] || 1;
    for (const place of several) {
      // Area by households, within bounds: the smallest can still be tapped, the largest hides nobody.
      place.weight = place.register ? Math.min(1.3, Math.max(0.78, Math.sqrt(place.register / median))) : 0.85;
      if (place.latitude !== null) {
        place.mark = new Mark([place.latitude, place.longitude], { renderer: svg, isPlace: true, className: "map-mark is-place" });
        place.mark.bindTooltip(() => `${place.name} · ${answerOf(place)}`, { sticky: true, direction: "top" });
      }
    }
    return several;
  };

  const load = async (kind) => {
    if (places[kind].length) return;
    announce(say("Loading the map…"));
    try {
      const sent = await read(here[kind]);
      places[kind] = placesFrom(sent, sent[kind]);
      announce(places[kind].length ? "" : say("There are no villages here yet."));
    } catch (problem) {
      announce(say("The map could not be loaded. The list has the same figures."), () => show(layer));
      throw problem;
    }
  };

  /** Half of the places have a neighbour nearer than this, in pixels: villages stand in clumps. */
  const usualGap = () => {
    const points = onMap().map((place) => map.latLngToLayerPoint(place.mark.getLatLng()));
    const gaps = points.map((point) =>
      points.reduce((least, other) => (other === point ? least : Math.min(least, point.distanceTo(other))), Infinity));
    return gaps.sort((one, other) => one - other)[gaps.length >> 1];
  };

  const fit = () => {
    const corners = onMap().map((place) => place.mark.getLatLng());
    if (!corners.length) return;
    map.fitBounds(L.latLngBounds(corners), { padding: [30, 30], maxZoom: 15, animate: false });
    fitted = map.getZoom();
    const { x, y } = map.getSize();
    const room = Math.sqrt((0.16 * x * y) / (Math.PI * corners.length));
    usual = Math.min(17, Math.max(4, Math.min(room, 0.45 * usualGap())));
    dressAll();
  };

  const show = async (wanted) => {
    const before = layerOf[layer];
    layer = wanted;
    const kind = layerOf[layer];
    for (const legend of page.querySelectorAll("[data-legend]")) {
      if (legend.dataset.legend !== "households") legend.hidden = legend.dataset.legend !== layer;
    }
    try {
      await load(kind);
    } catch (problem) {
      return; // Said by load, with a button to try again.
    }
    if (layer !== wanted) return; // Another layer was asked for meanwhile.
    for (const place of places[kind === "villages" ? "clinics" : "villages"]) if (place.mark) place.mark.remove();
    for (const place of onMap()) {
      dress(place); // Before it is added: Leaflet draws at once.
      place.mark.addTo(map);
    }
    if (before !== kind) chosen = null;
    if (before !== kind || !fitted) fit();
    else dressAll();
    const missing = shown().length - onMap().length;
    const unplaced = page.querySelector(".map-unplaced");
    unplaced.hidden = !missing;
    unplaced.textContent = say("Not on the map, for want of a position: %(count)s. They are in the list.", { count: figure(missing) });
    if (chosen) showDetails(chosen);
    else chooseFromAddress();
  };

  const chooseFromAddress = () => {
    const wanted = location.hash.slice(1);
    const found = wanted && shown().find((place) => encodeURIComponent(place.id) === wanted);
    if (found && found !== chosen) choose(found);
  };

  /* Households: gathered into cells by the server, asked for again when the view moves ----------- */

  const households = L.layerGroup();
  const statuses = ["completed", "vacated", "absent", "refused", "open"];
  let asking = null;

  const householdMark = ([latitude, longitude, count, worst], isCell) => {
    const symbol = told.symbols.households[statuses[isCell ? worst : count]];
    const radius = isCell ? 9.5 + 2 * Math.log10(count) : 6;
    const mark = new Mark([latitude, longitude], { renderer: svg, className: "map-mark" });
    mark.dress(symbol, isCell ? String(count) : "", false, radius);
    const words = isCell ? say("%(count)s households", { count: figure(count) }) : symbol.label;
    return mark.bindTooltip(words, { direction: "top" });
  };

  const loadHouseholds = async () => {
    if (!map.hasLayer(households)) return;
    if (asking) asking.abort();
    asking = new AbortController();
    const box = map.getBounds();
    const asked = new URLSearchParams({
      // One level out: cells of 64 pixels, so that neighbours seldom touch.
      zoom: Math.round(map.getZoom()) - 1, south: box.getSouth(), west: box.getWest(), north: box.getNorth(), east: box.getEast(),
    });
    try {
      const sent = await read(`${here.households}?${asked}`, { signal: asking.signal });
      households.clearLayers();
      for (const row of sent.cells || sent.households) households.addLayer(householdMark(row, Boolean(sent.cells)));
      announce("");
    } catch (problem) {
      if (problem.name !== "AbortError") announce(say("Households could not be loaded."), loadHouseholds);
    }
  };

  /* Buttons -------------------------------------------------------------------------------------- */

  const me = L.layerGroup().addTo(map);
  const centreOnMe = () => {
    const refuse = () => announce(say("Your browser gives no position. Allow it, or open the site by https."));
    if (!navigator.geolocation) return refuse();
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      const at = [coords.latitude, coords.longitude];
      me.clearLayers();
      L.circle(at, { radius: coords.accuracy, renderer: svg, className: "map-me-around", interactive: false }).addTo(me);
      L.circleMarker(at, { radius: 8, renderer: svg, className: "map-me", interactive: false }).addTo(me);
      map.setView(at, Math.max(map.getZoom(), 14));
      announce(say("You are here, give or take %(metres)s m.", { metres: figure(Math.round(coords.accuracy)) }));
    }, refuse, { enableHighAccuracy: true, timeout: 15000 });
  };

  const tools = {
    in: () => map.zoomIn(1), out: () => map.zoomOut(1), all: fit, me: centreOnMe,
    previous: () => step(-1), next: () => step(1),
  };
  for (const button of page.querySelectorAll("[data-tool]")) button.addEventListener("click", tools[button.dataset.tool]);
  for (const input of page.querySelectorAll("[name=map-layer]")) input.addEventListener("change", () => show(input.value));
  const box = document.getElementById("map-households");
  if (box) {
    box.addEventListener("change", () => {
      page.querySelector("[data-legend=households]").hidden = !box.checked;
      page.classList.toggle("with-households", box.checked);
      if (box.checked) households.addTo(map);
      else households.remove();
      loadHouseholds();
    });
  }

  /* A base map of this site, below the marks; none is loaded before one is chosen. */
  const ground = document.getElementById("map-ground");
  let laid = null;
  const lay = () => {
    if (laid) laid.remove();
    laid = null;
    const one = ground.selectedOptions[0].dataset;
    if (!one.tiles) return;
    const [smallest, largest] = one.zooms.split(",").map(Number);
    const [south, west, north, east] = one.box.split(",").map(Number);
    if (!map.attributionControl) {
      map.attributionControl = L.control.attribution({ prefix: false }).addTo(map);
    }
    // Pictures are sharp at whole zoom levels only.
    map.options.zoomSnap = 1;
    laid = L.tileLayer(one.tiles, {
      minZoom: smallest, maxNativeZoom: largest, maxZoom: map.getMaxZoom(),
      bounds: [[south, west], [north, east]], attribution: one.credit,
    }).addTo(map);
    map.setZoom(Math.max(smallest, Math.floor(map.getZoom())));
  };
  if (ground) ground.addEventListener("change", lay);

  if (map.attributionControl) map.attributionControl.setPrefix(false);
  // The page scrolls over a map that nobody has touched.
  map.scrollWheelZoom.disable();
  map.once("mousedown keydown", () => map.scrollWheelZoom.enable());
  map.on("click", (event) => {
    const place = nearest(event.containerPoint);
    if (place) choose(place);
  });
  map.on("zoomend", dressAll);
  map.on("moveend", writeNames);
  map.on("moveend", loadHouseholds);
  window.addEventListener("hashchange", chooseFromAddress);
  new ResizeObserver(() => map.invalidateSize()).observe(map.getContainer());
  show(layer);
})();
