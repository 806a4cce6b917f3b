// The page of its own: the chat fills the document.
import { open } from "./app.js";

open(document.getElementById("mundap"), { base: new URL("./", document.baseURI).href });
