// Lets the last pages of figures be kept for where there is no signal.
"use strict";
if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register(document.currentScript.dataset.worker).catch(() => undefined);
}
