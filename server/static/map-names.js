/* Names on the map: as many as fit without touching a mark or one another. */
"use strict";
(() => {
  const V = window.villageMap;
  const { map, names } = V;

  const widthOf = (text, size) =>
    Array.from(text).reduce((sum, letter) => sum + (letter > "\u2e7f" ? size : size * 0.56), 0);
  const clear = (box, taken) =>
    taken.every((one) => box[2] < one[0] || box[0] > one[2] || box[3] < one[1] || box[1] > one[3]);

  const writeNames = () => {
    names.replaceChildren();
    const view = map.getBounds().pad(0.1);
    const visible = V.onMap().filter((place) => view.contains(place.mark.getLatLng()));
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
    const first = (place) => (place === V.chosen ? -Infinity : -V.leftOf(place));
    for (const place of [...visible].sort((one, other) => first(one) - first(other))) {
      const [{ x, y }, r] = [place.mark._point, place.mark.getRadius()];
      const kind = place === V.chosen ? "is-chosen" : "";
      const half = widthOf(place.name, 13) / 2;
      write(place.name, x, y + r + 13, 13, kind) ||
        write(place.name, x, y - r - 5, 13, kind) ||
        write(place.name, x + r + half + 3, y + 4, 13, kind) ||
        write(place.name, x - r - half - 3, y + 4, 13, kind) ||
        (place === V.chosen && write(place.name, x, y + r + 14, 13, kind, true));
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

  V.onDressed.push(writeNames);
  map.on("moveend", writeNames);
})();
