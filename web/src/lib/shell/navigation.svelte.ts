/** Where the page is. Links are plain `<a href>`; this takes over their clicks, and puts the scroll back on return. */
import { tick } from "svelte";
import { parse, type Route } from "./router";

interface Place {
  depth: number;
  scroll: number;
}

class Navigation {
  route = $state.raw<Route>(parse(location.pathname, location.search));
  /** Steps taken inside the page: above 0, "back" stays in it. */
  depth = $state(placeNow().depth);
  /** Where to scroll once the screen stands; screens that load first ask again with `settle`. */
  #wanted: number | null = null;

  start(): () => void {
    history.scrollRestoration = "manual";
    history.replaceState(placeNow(), "");
    const moved = (event: PopStateEvent) => void this.#arrive((event.state as Place | null) ?? { depth: 0, scroll: 0 });
    const clicked = (event: MouseEvent) => this.#click(event);
    addEventListener("popstate", moved);
    document.addEventListener("click", clicked);
    return () => {
      removeEventListener("popstate", moved);
      document.removeEventListener("click", clicked);
    };
  }

  async go(address: string, how: "push" | "replace" = "push"): Promise<void> {
    if (how === "push") {
      history.replaceState({ ...placeNow(), scroll: scrollY }, "");
      history.pushState({ depth: placeNow().depth + 1, scroll: 0 }, "", address);
    } else {
      history.replaceState({ ...placeNow(), scroll: 0 }, "", address);
    }
    await this.#arrive(placeNow());
  }

  back(otherwise: string): void {
    if (this.depth > 0) history.back();
    else void this.go(otherwise, "replace");
  }

  /** A screen calls this when its height stands. */
  settle(): void {
    if (this.#wanted === null) return;
    scrollTo(0, this.#wanted);
    this.#wanted = null;
  }

  async #arrive(place: Place): Promise<void> {
    history.replaceState(place, "");
    this.depth = place.depth;
    this.route = parse(location.pathname, location.search);
    this.#wanted = place.scroll;
    await tick();
    // Whoever listens or uses the keyboard starts at the new screen, not where the old one was left.
    if (document.activeElement === document.body) document.getElementById("main")?.focus({ preventScroll: true });
    scrollTo(0, place.scroll);
  }

  #click(event: MouseEvent): void {
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    if (!plain || event.defaultPrevented || !(link instanceof HTMLAnchorElement)) return;
    if (link.origin !== location.origin || link.target !== "" || link.hasAttribute("download")) return;
    if (link.getAttribute("href")?.startsWith("#")) return;
    event.preventDefault();
    void this.go(link.pathname + link.search);
  }
}

function placeNow(): Place {
  const state = history.state as Partial<Place> | null;
  return { depth: state?.depth ?? 0, scroll: state?.scroll ?? 0 };
}

export const navigation = new Navigation();
