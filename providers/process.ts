import { quickenLoading } from "../system/loading";

/** Loaded by the launcher of the process of dynamic resources (engine/plugins.ts), before Pulumi's own code. */
quickenLoading();
