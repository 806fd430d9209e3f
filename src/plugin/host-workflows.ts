/** In a bundle that {@link ./plugin} makes, the host's own workflows stand in this file's place. */
export {};
