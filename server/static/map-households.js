/* Households: gathered into cells by the server, asked for again when the view moves. */
"use strict";
(() => {
  const V = window.villageMap;
  const { map, told, here, say, figure, read, announce, page, svg, Mark } = V;
  const box = document.getElementById("map-households");
  if (!box) return;

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
    const view = map.getBounds();
    const asked = new URLSearchParams({
      // One level out: cells of 64 pixels, so that neighbours seldom touch.
      zoom: Math.round(map.getZoom()) - 1, south: view.getSouth(), west: view.getWest(), north: view.getNorth(), east: view.getEast(), crs: V.crs,
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

  box.addEventListener("change", () => {
    page.querySelector("[data-legend=households]").hidden = !box.checked;
    page.classList.toggle("with-households", box.checked);
    if (box.checked) households.addTo(map);
    else households.remove();
    loadHouseholds();
  });
  map.on("moveend", loadHouseholds);
  V.onFrame.push(loadHouseholds);
})();
