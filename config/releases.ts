/** Releases of OpenStack that the program knows: the course's, and the one that a lab can have. Their data: releases/. */
export const releaseNames = ["grizzly", "ocata"] as const;
export type ReleaseName = (typeof releaseNames)[number];
