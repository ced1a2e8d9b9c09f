// Sets the theme before the first paint, and again whenever the system's choice changes.
// A classic script in <head>: it has to run before anything is drawn.
(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => document.documentElement.classList.toggle("pf-v6-theme-dark", dark.matches);
  apply();
  dark.addEventListener("change", apply);
})();
