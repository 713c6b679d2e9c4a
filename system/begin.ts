import { takeEnvironment } from "./environment";

/** Imported before all else: some modules read the environment while they are loaded. */
takeEnvironment();
