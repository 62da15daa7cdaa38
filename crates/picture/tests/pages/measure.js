// What is wrong with a page as it is shown: texts that overlap, are cut or too small to read, and anything that is wider than
// the page. An empty list where nothing is.
(() => {
  const problems = [];
  const say = (what, ...texts) => problems.length < 20 && problems.push(`${what}: ${texts.map(text => JSON.stringify(text.slice(0, 60))).join(" and ")}`);
  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) say("the page scrolls sideways", `${page.scrollWidth} in ${page.clientWidth}`);
  document.querySelectorAll("details").forEach(details => (details.open = true));

  const is_shown = element => element.checkVisibility();
  // A box with half a pixel less on each side: places are rounded to tenths.
  const boxes = (texts, box) => texts.map(text => [text.textContent, box(text)]).filter(([, box]) => box.width > 0);
  const overlap = (one, other) =>
    one.left + 0.5 < other.right - 0.5 && other.left + 0.5 < one.right - 0.5 && one.top + 0.5 < other.bottom - 0.5 && other.top + 0.5 < one.bottom - 0.5;
  const apart = all => {
    all.sort((one, other) => one[1].top - other[1].top);
    all.forEach(([text, box], index) => {
      for (const [other, next] of all.slice(index + 1)) {
        if (next.top >= box.bottom) break;
        if (overlap(box, next)) say("overlap", text, other);
      }
    });
  };

  const pictures = [...document.querySelectorAll("figure svg")].filter(is_shown);
  const figures = document.querySelectorAll("figure").length;
  if (pictures.length != figures) say("shown", `${pictures.length} pictures in ${figures} figures`);
  for (const picture of pictures) {
    const frame = picture.getBoundingClientRect();
    const texts = boxes([...picture.querySelectorAll("text")], text => text.getBoundingClientRect());
    apart(texts);
    for (const [text, box] of texts) {
      // Where a text ends is rounded by up to a pixel, which is seen, for pictures do not cut what sticks out.
      const inside = [box.left - frame.left, frame.right - box.right, box.top - frame.top, frame.bottom - box.bottom];
      const is_inside = inside.every(pixels => pixels >= -1);
      if (!is_inside) say("cut", text, `${inside} pixels inside`);
    }
    const size = (12 * frame.width) / picture.viewBox.baseVal.width;
    if (size < 10.5) say("too small to read", `${size} pixels`);
    if (frame.left < 0 || frame.right > page.clientWidth) say("wider than the page", picture.querySelector("title").textContent);
  }

  // Texts of the page, each line of each.
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const lines = [];
  const range = document.createRange();
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const parent = node.parentElement;
    if (!node.textContent.trim() || parent.closest("svg,style,caption") || !is_shown(parent)) continue;
    range.selectNodeContents(node);
    const frame = parent.getBoundingClientRect();
    const is_hidden_head = parent.closest("thead")?.getBoundingClientRect().width <= 1;
    if (is_hidden_head) continue;
    for (const box of range.getClientRects()) {
      if (box.left < -0.5 || box.right > page.clientWidth + 0.5) say("outside of the page", node.textContent);
      if (box.left < frame.left - 0.5 || box.right > frame.right + 0.5) say("outside of its place", node.textContent);
      lines.push([node.textContent, box]);
    }
  }
  apart(lines);
  if (!lines.length) say("shown", "no text");
  return problems;
})();
