/** A path in which each value is one segment: a flavor `a?b` is not the flavor `a`. */
export const path = (fixed: TemplateStringsArray, ...segments: string[]): string =>
    String.raw({ raw: fixed }, ...segments.map(encodeURIComponent));
