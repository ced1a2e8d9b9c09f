// The service worker: gives the bridge the browser's ports, storage and policy. All that is decided is in bridge.js.

import { Bridge } from "./bridge.js";

const HOST_NAME = "org.sallyport.helper";

const bridge = new Bridge({
  version: chrome.runtime.getManifest().version,
  connectHelper: () => chrome.runtime.connectNative(HOST_NAME),
  disconnectText: (port) => port.error?.message ?? chrome.runtime.lastError?.message ?? "",
  policy: async () => {
    try {
      return (await chrome.storage.managed.get("origins")).origins;
    } catch {
      return undefined; // Firefox throws where no policy is set.
    }
  },
});

chrome.runtime.onConnectExternal?.addListener((port) => bridge.pageConnected(port));
