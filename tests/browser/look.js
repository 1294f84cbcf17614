// What a look at a page measures: every text's contrast, everything to tap, what sticks out.
(() => {
  const channel = (value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  const parts = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
  const luminance = ([red, green, blue]) =>
    0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const isSeen = (element) => {
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && style.visibility !== "hidden" && style.opacity !== "0";
  };
  const said = (element) => element.textContent.trim().replace(/\s+/g, " ").slice(0, 40);

  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !isSeen(element)) continue;
    if (element.closest("script, style, option, .skip")) continue;
    const style = getComputedStyle(element);
    const [a, b] = [luminance(parts(style.color)), luminance(background(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const isLarge = parseFloat(style.fontSize) >= 24;
    if (ratio < (isLarge ? 3 : 4.5)) faint.push(`${said(element)}: ${ratio.toFixed(2)}`);
  }

  const small = [...document.querySelectorAll("a, button, summary, select, input:not([type=hidden])")]
    .filter((element) => isSeen(element) && !element.matches(".skip"))
    // A box that is ticked by its whole row, and a link inside running text (WCAG 2.5.8).
    .map((element) => element.closest("label.choice") || element)
    .filter((element) => getComputedStyle(element).display !== "inline")
    .filter((element) => Math.round(element.getBoundingClientRect().height) < 44)
    .map((element) => `${said(element) || element.name}: ${element.getBoundingClientRect().height}`);

  const wide = document.documentElement.clientWidth;
  const outside = [...document.querySelectorAll("main *")]
    .filter((element) => isSeen(element) && element.getBoundingClientRect().right > wide + 1)
    .map((element) => `${element.tagName} ${said(element)}`);

  return { faint, small, outside };
})()
