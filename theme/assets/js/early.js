/**
 * What has to happen before the first paint: the colours the reader chose. The theme has these lines in every page;
 * here they are a file, so that a host may forbid scripts inside pages. It is no module, which would come too late.
 */

{
  const script = /** @type {HTMLScriptElement} */ (document.currentScript);
  const site = new URL("../../", script.src);

  /** @param {string} key @param {Storage} [storage] @param {URL} [place] @returns {any} what the theme has kept */
  const read = (key, storage, place = site) => {
    try {
      return JSON.parse((storage ?? localStorage).getItem(`${place.pathname}.${key}`) ?? "null");
    } catch {
      return null; // blocked, or not the theme's
    }
  };

  /** @param {string} key @param {any} value @param {Storage} [storage] @param {URL} [place] */
  const keep = (key, value, storage, place = site) => {
    try {
      (storage ?? localStorage).setItem(`${place.pathname}.${key}`, JSON.stringify(value));
    } catch {
      // full or blocked: the choice lasts as long as the page
    }
  };

  /** @param {string} text @returns {number} */
  const hash = (text) => [...text].reduce((sum, letter) => (sum << 5) - sum + letter.charCodeAt(0), 0);

  // the names by which the theme's script calls them
  Object.assign(globalThis, { __md_scope: site, __md_get: read, __md_set: keep, __md_hash: hash });

  const BY_SYSTEM = "(prefers-color-scheme)";
  const palette = read("__palette");
  if (palette?.color) {
    if (palette.color.media === BY_SYSTEM) {
      const light = matchMedia("(prefers-color-scheme: light)").matches;
      const option = document.querySelector(`[data-md-color-media="(prefers-color-scheme: ${light ? "light" : "dark"})"]`);
      for (const name of ["media", "scheme", "primary", "accent"]) {
        palette.color[name] = option?.getAttribute(`data-md-color-${name}`);
      }
    }
    for (const [name, value] of Object.entries(palette.color)) document.body.setAttribute(`data-md-color-${name}`, value);
  }
}
