// Keys for who reviews at a desk. Every one of them is a button or a link on the page as well.
"use strict";
(() => {
  const rows = [...document.querySelectorAll("form.many tbody tr")];
  const review = document.querySelector("#f-many-state") || document.querySelector("form.sheet select[name=state]");
  const said = { a: "approved", i: "has_issues", r: "rejected" };
  let at = -1;

  const go = (step) => {
    if (!rows.length) return false;
    at = Math.min(rows.length - 1, Math.max(0, at + step));
    const link = rows[at].querySelector("th a");
    link.focus();
    rows[at].scrollIntoView({ block: "nearest" });
    return true;
  };

  const choose = () => {
    const box = at >= 0 && rows[at].querySelector("input[type=checkbox]");
    if (!box) return false;
    box.checked = !box.checked;
    return true;
  };

  const keys = {
    j: () => go(1),
    k: () => go(-1),
    x: choose,
    s: () => {
      const button = document.querySelector("button[name=go_on]");
      if (button) button.click();
      return Boolean(button);
    },
  };

  const follow = (key) => {
    const goal = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!goal) return false;
    if (goal.matches("a")) goal.click();
    else goal.focus();
    return true;
  };

  const tell = (key) => {
    if (!review || !(key in said)) return false;
    review.value = said[key];
    review.focus();
    return true;
  };

  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("form.many tbody tr");
    if (row) at = rows.indexOf(row);
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const known = keys[event.key];
    if ((known && known()) || tell(event.key) || follow(event.key)) event.preventDefault();
  });
})();
