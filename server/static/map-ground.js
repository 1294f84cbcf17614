/* What lies below the marks: borders of villages, and a background of tiles in whatever frame. */
"use strict";
(() => {
  const V = window.villageMap;
  const { map, here, say, read, announce, places } = V;

  /* Borders: kept by the browser for a week, as their address changes with them. */
  if (here.borders) {
    // Steps of 0.00001 degrees, as maps/boundaries.py packs them.
    const cornersOf = (steps) => {
      const corners = [];
      let [east, north] = [0, 0];
      for (let at = 0; at < steps.length; at += 2) {
        east += steps[at];
        north += steps[at + 1];
        corners.push([north / 1e5, east / 1e5]);
      }
      return corners;
    };
    const draw = async () => {
      const { crs } = V;
      try {
        const { borders } = await read(V.inFrame(here.borders));
        if (crs !== V.crs) return; // Another background was chosen meanwhile.
        for (const place of places.villages) {
          const polygons = borders[place.id];
          if (!polygons || !place.mark) continue;
          const corners = polygons.map((rings) => rings.map(cornersOf));
          place.border = L.polygon(corners, { renderer: V.svg, className: "map-border", smoothFactor: 0.5 });
          place.border.on("click", (event) => {
            L.DomEvent.stopPropagation(event);
            V.choose(place);
          });
        }
        V.bordersCame();
      } catch (problem) {
        announce(say("Borders could not be loaded."));
      }
    };
    // Marks do not wait for borders.
    V.onLoaded.push((kind) => { if (kind === "villages") draw(); });
  }

  /* None is loaded before it is chosen, but the site's own tiles. */
  const ground = document.getElementById("map-ground");
  if (!ground) return;
  let laid = null;
  const lay = async () => {
    if (laid) laid.remove();
    laid = null;
    const one = ground.selectedOptions[0].dataset;
    await V.moveTo(one.tiles ? one.crs : "wgs84");
    if (!one.tiles) {
      map.options.zoomSnap = 0.25;
      return;
    }
    const [smallest, largest] = one.zooms.split(",").map(Number);
    if (!map.attributionControl) map.attributionControl = L.control.attribution({ prefix: false }).addTo(map);
    // Pictures are sharp at whole zoom levels only.
    map.options.zoomSnap = 1;
    const options = { minZoom: smallest, maxNativeZoom: largest, maxZoom: map.getMaxZoom(), attribution: one.credit };
    if (one.subdomains) options.subdomains = one.subdomains.split(",");
    if (one.box) {
      const [south, west, north, east] = one.box.split(",").map(Number);
      options.bounds = [[south, west], [north, east]];
    }
    laid = L.tileLayer(one.tiles, options).addTo(map);
    map.setZoom(Math.max(smallest, Math.floor(map.getZoom())));
  };
  /* The choice is remembered by this browser, under the address of its tiles; "" is none. */
  const remembered = () => {
    try {
      return localStorage.getItem("doorstep-ground");
    } catch (problem) {
      return null; // A browser may forbid it.
    }
  };
  const remember = () => {
    try {
      localStorage.setItem("doorstep-ground", ground.selectedOptions[0].dataset.tiles || "");
    } catch (problem) { /* It is asked for again next time. */ }
  };
  ground.addEventListener("change", () => {
    remember();
    lay();
  });
  const before = remembered();
  const again = before === null ? null : [...ground.options].find((one) => (one.dataset.tiles || "") === before);
  if (again) ground.value = again.value;
  // The frame of the tiles that are shown at once is that of the marks from the start.
  const first = ground.selectedOptions[0].dataset;
  if (first.tiles) {
    V.crs = first.crs;
    const start = V.start;
    V.start = async () => {
      await start();
      await lay();
    };
  }
})();
