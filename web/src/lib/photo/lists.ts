/** Listings of photos and faces that outlive their screen, so that coming back finds the place again. */
import { faces, photos } from "../api/client";
import { CursorList } from "../api/cursor-list.svelte";
import type { Face, Photo } from "../api/types";

const KEPT = 3;

export interface Album {
  photos: CursorList<Photo>;
  faces: CursorList<Face>;
}

const albums = new Map<number | null, Album>();

/** The album of a person, or of everybody (null). The most recent three are kept. */
export function albumOf(person: number | null): Album {
  const album = albums.get(person) ?? newAlbum(person);
  albums.delete(person);
  albums.set(person, album);
  for (const oldest of albums.keys()) {
    if (albums.size <= KEPT) break;
    albums.delete(oldest);
  }
  return album;
}

/** Faces moved: what was read about these people no longer holds. */
export function forgetAlbums(...people: (number | null)[]): void {
  for (const person of people) albums.delete(person);
}

/** Something was taken back: anybody's photos and faces may be others now. Screens that are open read again. */
export function forgetEverything(): void {
  albums.clear();
  forgetFaces();
}

function newAlbum(person: number | null): Album {
  const of = person === null ? {} : { person };
  return {
    photos: new CursorList<Photo>((cursor, limit) => photos.list(of, cursor, limit), (photo) => photo.photo),
    faces: new CursorList<Face>((cursor, limit) => faces.list(of, cursor, limit), (face) => face.face),
  };
}

/** The faces in a photo, read once per photo while it is being looked at. */
const inPhoto = new Map<number, Promise<Face[]>>();
const MOST_PHOTOS = 400;

export function facesIn(photo: number): Promise<Face[]> {
  const known = inPhoto.get(photo);
  if (known) return known;
  const read = faces.list({ photo }, null, 200).then((page) => page.items);
  inPhoto.set(photo, read);
  read.catch(() => inPhoto.delete(photo));
  const oldest = inPhoto.keys().next().value;
  if (inPhoto.size > MOST_PHOTOS && oldest !== undefined) inPhoto.delete(oldest);
  return read;
}

export function forgetFaces(): void {
  inPhoto.clear();
}
