/* The map of villages and clinics: fetches the layers, draws marks, shows the figures of the one that
   is chosen. Wants Leaflet, the map that folium made, and what maps/page.py wrote into the page. Names, weeks,
   backgrounds with borders, and households stand in files of their own and use window.villageMap. */
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
  const kindOf = (name) => (name === "clinics" ? "clinics" : "villages");
  const places = { villages: [], clinics: [] };
  // What the other files see and change: the frame of the marks, and what is to be done after a change.
  const V = { map, told, here, page, say, figure, node, crs: "wgs84", chosen: null, onDressed: [], onFrame: [], onLayer: [], onLoaded: [] };
  window.villageMap = V;
  let layer = here.layer;
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

  const keyOf = (place) => (layer === "clinics" ? place.class : place[`${layer}_class`]);
  const symbolOf = (place) => told.symbols[layer][place.keys[layer][keyOf(place)]];
  const numberOf = (place) =>
    layer === "clinics" ? (place.score === null ? null : Math.round(place.score)) : place[`${layer}_number`];
  const isRate = () => layer === "rate" || layer === "rate_raw";
  const rateText = (number) => (number >= 10 ? String(Math.round(number)) : number.toLocaleString(language));
  const textOf = (place, symbol) => {
    if (symbol.sign === "%") return String(percent(place.done, place.register));
    if (symbol.sign === "#") return isRate() ? rateText(numberOf(place)) : String(numberOf(place));
    return symbol.sign;
  };
  const radiusOf = (place) => {
    const grown = usual * 1.45 ** Math.max(-1, map.getZoom() - fitted);
    return Math.min(grown, Math.max(usual, 16)) * place.weight;
  };
  const answerOf = (place) => {
    if (layer === "clinics") return place.score === null ? say("no audit") : String(place.score);
    if (layer === "treated") return `${figure(numberOf(place))} · ${say("%(count)s persons on a list, of %(found)s found", { count: figure(numberOf(place)), found: figure(place.found) })}`;
    if (layer === "followup") return `${figure(numberOf(place))} · ${say("%(count)s persons due, of %(followed)s followed up", { count: figure(numberOf(place)), followed: figure(place.followed) })}`;
    if (isRate()) {
      const rate = numberOf(place);
      if (rate === null) return `– · ${say("nobody screened yet")}`;
      return `${rate.toLocaleString(language)}% · ${say("%(rate)s of 100 screened, usually %(usual)s", { rate: rate.toLocaleString(language), usual: place.usual.toLocaleString(language) })}`;
    }
    if (layer !== "coverage") return `${figure(numberOf(place))} · ${screenedOf(place)}`;
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

  const shown = () => places[kindOf(layer)];
  const onMap = () => shown().filter((place) => place.mark);
  const leftOf = (place) => (place.register === null ? -1 : place.register - place.done);
  // Most to do first, as in the list.
  const urgency = (place) => {
    if (layer === "clinics") return place.score === null ? 1 : -place.score;
    if (layer === "coverage") return leftOf(place);
    if (layer === "treated") return place.found - numberOf(place);
    return numberOf(place) === null ? -1 : numberOf(place);
  };
  const order = (one, other) => urgency(other) - urgency(one);

  const dress = (place) => {
    const symbol = symbolOf(place);
    const isChosen = place === V.chosen;
    place.mark.dress(symbol, textOf(place, symbol), isChosen, radiusOf(place) + (isChosen ? 2 : 0));
    // A border carries the colour; a plain circle on it would say the same twice.
    place.mark._path?.classList.toggle("is-bare", Boolean(place.border) && symbol.shape === "circle");
    if (place.border) {
      place.border.setStyle({ ...styleOf(symbol, isChosen, 14), fillOpacity: symbol.colour || symbol.is_hatched ? 0.8 : 0 });
      place.border._path?.classList.toggle("is-chosen", isChosen);
    }
  };
  const dressAll = () => {
    onMap().forEach(dress);
    for (const done of V.onDressed) done();
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
    if (place.week) return []; // Of an earlier week no more is known than what is drawn.
    const source = place.register_source ? say(place.register_source) : "";
    const register = [source, place.register_on ? day(place.register_on) : ""].filter(Boolean).join(" · ");
    return [
      ...parts(place),
      figures([
        [say("Households left"), place.register === null ? "–" : figure(Math.max(0, leftOf(place)))],
        [say("Screened"), figure(place.screened), place.register_persons ? `/ ${figure(place.register_persons)}` : ""],
        [say("Suspected"), figure(place.suspected_number)],
        [say("Documented"), figure(place.documented_number)],
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
      !isClinic && here.walkPage && place.seen > place.done
        ? node("a", { class: "button quiet", href: here.walkPage.replace("{id}", encodeURIComponent(place.id)) }, say("Walk to missed households"))
        : "",
      ...(isClinic ? clinicDetails(place) : villageDetails(place)),
    );
  };

  const choose = (place) => {
    const before = V.chosen;
    V.chosen = place;
    for (const one of [before, place]) if (one && one.mark) dress(one);
    for (const done of V.onDressed) done();
    if (!place) return;
    if (place.mark) {
      if (place.border) place.border.bringToFront();
      for (const one of onMap()) if (place.border) one.mark.bringToFront();
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
    const at = ordered.indexOf(V.chosen);
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

  const inFrame = (url) => (V.crs === "wgs84" ? url : `${url}${url.includes("?") ? "&" : "?"}crs=${V.crs}`);
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
        // As text: Leaflet takes a string for HTML, and a name is whatever somebody typed.
        place.mark.bindTooltip(() => document.createTextNode(`${place.name} · ${answerOf(place)}`), { sticky: true, direction: "top" });
      }
    }
    return several;
  };

  const load = async (kind) => {
    if (places[kind].length) return;
    announce(say("Loading the map…"));
    try {
      const sent = await read(inFrame(here[kind]));
      places[kind] = placesFrom(sent, sent[kind]);
      for (const done of V.onLoaded) await done(kind);
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
    const all = L.latLngBounds(corners);
    const borders = onMap().filter((place) => place.border);
    for (const { border } of borders) all.extend(border.getBounds());
    const edge = borders.length ? 8 : 30;
    map.fitBounds(all, { padding: [edge, edge], maxZoom: 15, animate: false });
    fitted = map.getZoom();
    const { x, y } = map.getSize();
    const room = Math.sqrt((0.16 * x * y) / (Math.PI * corners.length));
    usual = Math.min(17, Math.max(4, Math.min(room, 0.45 * usualGap())));
    dressAll();
  };

  const show = async (wanted) => {
    const before = kindOf(layer);
    layer = wanted;
    const kind = kindOf(layer);
    for (const legend of page.querySelectorAll("[data-legend]")) {
      if (legend.dataset.legend !== "households") legend.hidden = legend.dataset.legend !== layer;
    }
    for (const done of V.onLayer) done(layer);
    try {
      await load(kind);
    } catch (problem) {
      return; // Said by load, with a button to try again.
    }
    if (layer !== wanted) return; // Another layer was asked for meanwhile.
    for (const place of places[kind === "villages" ? "clinics" : "villages"]) {
      if (place.mark) place.mark.remove();
      if (place.border) place.border.remove();
    }
    for (const place of onMap()) {
      if (place.border) place.border.addTo(map).bringToBack();
      dress(place); // Before it is added: Leaflet draws at once.
      place.mark.addTo(map);
    }
    if (before !== kind) V.chosen = null;
    if (before !== kind || !fitted) fit();
    else dressAll();
    const missing = shown().length - onMap().length;
    const unplaced = page.querySelector(".map-unplaced");
    unplaced.hidden = !missing;
    unplaced.textContent = say("Not on the map, for want of a position: %(count)s. They are in the list.", { count: figure(missing) });
    if (V.chosen) showDetails(V.chosen);
    else chooseFromAddress();
  };

  /** Borders come after the marks, and go below them; the view widens where nobody has moved it. */
  const bordersCame = () => {
    if (kindOf(layer) !== "villages") return;
    for (const place of onMap()) if (place.border) place.border.addTo(map).bringToBack();
    if (!V.chosen && map.getZoom() === fitted) fit();
    else dressAll();
  };

  /** Draws all places anew where tiles in another frame put them; the chosen one stays chosen. */
  const moveTo = async (crs) => {
    if (crs === V.crs) return;
    V.crs = crs;
    const wanted = V.chosen && V.chosen.id;
    for (const place of [...places.villages, ...places.clinics]) {
      if (place.mark) place.mark.remove();
      if (place.border) place.border.remove();
    }
    Object.assign(places, { villages: [], clinics: [] });
    V.chosen = null;
    await show(layer);
    const found = shown().find((place) => place.id === wanted);
    if (found) choose(found);
    for (const done of V.onFrame) done();
  };

  const chooseFromAddress = () => {
    const wanted = location.hash.slice(1);
    const found = wanted && shown().find((place) => encodeURIComponent(place.id) === wanted);
    if (found && found !== V.chosen) choose(found);
  };

  /* Buttons -------------------------------------------------------------------------------------- */

  const me = L.layerGroup().addTo(map);
  const centreOnMe = () => {
    if (!window.isSecureContext) {
      return announce(say("A browser tells its position to pages that come by https only. Ask for an https address."));
    }
    const refuse = () => announce(say("Your browser gives no position. Allow it for this site, and turn location on."));
    if (!navigator.geolocation) return refuse();
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      const [north, east] = told.shifts[V.crs] || [0, 0];
      const at = [coords.latitude + north, coords.longitude + east];
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
  const choice = document.getElementById("map-layer");
  const raw = document.getElementById("map-raw");
  const chooseLayer = () => {
    const isOfRates = choice.value === "rate";
    if (raw) raw.closest("label").hidden = !isOfRates;
    show(isOfRates && raw && raw.checked ? "rate_raw" : choice.value);
  };
  choice.addEventListener("change", chooseLayer);
  if (raw) raw.addEventListener("change", chooseLayer);
  // The page scrolls over a map that nobody has touched.
  map.scrollWheelZoom.disable();
  map.once("mousedown keydown", () => map.scrollWheelZoom.enable());
  map.on("click", (event) => {
    const place = nearest(event.containerPoint);
    if (place) choose(place);
  });
  Object.assign(V, {
    svg, names, Mark, read, announce, places, shown, onMap, leftOf, dressAll, choose, show, moveTo, inFrame, showDetails,
    layer: () => layer, symbolOf, numberOf, bordersCame, start: () => show(layer),
  });
  map.on("zoomend", dressAll);
  window.addEventListener("hashchange", chooseFromAddress);
  new ResizeObserver(() => map.invalidateSize()).observe(map.getContainer());
  // After the other files of the page, which add to V.
  document.addEventListener("DOMContentLoaded", () => V.start());
})();
