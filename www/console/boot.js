// Loads the console. The page's policy allows no inline script, so the names of the built files are put in here.
import start from "/{{console.js}}";

start({ module_or_path: "/{{console.wasm}}" }).catch((error) => {
  console.error(error);
  const message = document.getElementById("boot-message");
  if (message) {
    message.textContent =
      "The console could not be loaded. Load the page again; if that does not help, this browser may be too old: " +
      "use a current Chrome, Chromium, Edge, Brave or Firefox.";
  }
});
