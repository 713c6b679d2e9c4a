import { takeEnvironment } from "./environment";
import { quickenLoading } from "./loading";

/** Imported before all else: some modules read the environment while they are loaded. */
takeEnvironment();
quickenLoading();
