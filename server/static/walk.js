/* The walk of a village begins where the phone is, if it tells: the page is asked for again from there. */
"use strict";
(() => {
  const row = document.querySelector("[data-walk]");
  if (!row) return;
  const button = row.querySelector("[data-from-me]");
  const said = row.querySelector("[data-said]");
  button.hidden = false;
  button.addEventListener("click", () => {
    if (!window.isSecureContext) return void (said.textContent = said.dataset.unsafe);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => location.assign(`?from=${coords.latitude.toFixed(5)},${coords.longitude.toFixed(5)}`),
      () => (said.textContent = said.dataset.refused),
      { enableHighAccuracy: true, timeout: 15000 });
  });
})();
