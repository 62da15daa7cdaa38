// How much colour a screenshot has (0 is none), and the contrast, as WCAG has it, within each of some places of it.
(async () => {
  const image = new Image();
  image.src = "data:image/png;base64,SHOT";
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const drawn = canvas.getContext("2d");
  drawn.drawImage(image, 0, 0);
  const linear = value => (value <= 10.31475 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  let colour = 0;
  const contrasts = PLACES.map(place => {
    const { data } = drawn.getImageData(...place);
    const lights = [];
    for (let at = 0; at < data.length; at += 4) {
      const [red, green, blue] = data.slice(at, at + 3);
      colour = Math.max(colour, Math.max(red, green, blue) - Math.min(red, green, blue) - 2);
      lights.push(0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue));
    }
    return (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
  });
  return [colour, ...contrasts];
})();
