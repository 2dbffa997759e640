/* An AVIF with other metadata around the same coded pictures. Only files of one picture and its
 * alpha, coded in AV1, are put so: in others it takes decoding to tell what belongs to what. */
#include <string.h>

#include "codec/heif_private.h"

enum { MOST_PICTURES = 2, MOST_PROPERTIES = 127, MOST_EXTENTS = 1024 };

/** A coded picture, which stays. */
typedef struct picture {
    uint32_t id;
    clp_block info;          /**< its infe box */
    clp_heif_cursor extents; /**< as iloc tells them */
    uint64_t base;
    uint32_t extent_count;
    uint64_t size;
} picture;

/** The boxes of a file that is understood. */
typedef struct parts {
    const clp_source *source;
    clp_heif_box ftyp, hdlr, pitm, iloc, iinf, iref, iprp; /**< type NULL: there is none */
    picture pictures[MOST_PICTURES];
    uint32_t picture_count, highest_id;
    bool is_alpha; /**< the second picture belongs to the first */
    uint8_t index_size, offset_size, length_size;
    bool dropped[MOST_PROPERTIES + 1]; /**< properties, counted from 1 */
} parts;

static clp_block whole(const clp_heif_box *box) {
    const uint8_t *start = box->type - 4;
    return (clp_block){start, (size_t)(box->content.data + box->content.size - start)};
}

/** Steps to the next box. False at the end, with `*sound` false where it is not where it should be,
 * or the box does not end where it says, in 32 bits. */
static bool next(clp_heif_cursor *from, clp_heif_box *box, bool *sound) {
    if (from->at == from->size) {
        return false;
    }
    *sound =
        *sound && clp_heif_next_box(from, box) && whole(box).size == clp_read_u32(box->type - 4);
    return *sound;
}

/* --------------------------------------------------------------- reading */

/** Files each box where it belongs; one that is not known, or comes twice, spoils it all. */
static bool sort(clp_heif_cursor from, const char *const *types, clp_heif_box *const *places,
                 size_t count) {
    clp_heif_box box;
    bool sound = true;
    while (next(&from, &box, &sound)) {
        size_t i = 0;
        while (i < count && !clp_heif_is(&box, types[i])) {
            i++;
        }
        bool free =
            clp_heif_is(&box, "free") || clp_heif_is(&box, "skip") || clp_heif_is(&box, "mdat");
        sound = free || (i < count && !places[i]->type);
        if (sound && !free) {
            *places[i] = box;
        }
    }
    return sound;
}

static bool read_boxes(parts *file) {
    static const char *const outer[] = {"ftyp", "meta"};
    static const char *const inner[] = {"hdlr", "pitm", "iloc", "iinf", "iref", "iprp"};
    clp_heif_box meta = {0};
    clp_heif_box *const outer_places[] = {&file->ftyp, &meta};
    clp_heif_box *const inner_places[] = {&file->hdlr, &file->pitm, &file->iloc,
                                          &file->iinf, &file->iref, &file->iprp};
    bool sound = sort((clp_heif_cursor){file->source->bytes, file->source->size, 0}, outer,
                      outer_places, 2) &&
                 file->ftyp.type && meta.type && clp_heif_take(&meta.content, 4) == 0 &&
                 sort(meta.content, inner, inner_places, 6);
    for (size_t i = 0; i < 6; i++) {
        sound = sound && (inner_places[i]->type || inner_places[i] == &file->iref);
    }
    return sound;
}

static picture *find(parts *file, uint64_t id) {
    for (uint32_t i = 0; i < file->picture_count; i++) {
        if (file->pictures[i].id == id) {
            return &file->pictures[i];
        }
    }
    return NULL;
}

/** The two strings behind an item's type: its name, and what it contains. */
static bool contains_xmp(const clp_heif_cursor *from) {
    static const char xmp[] = "application/rdf+xml";
    size_t left = from->at < from->size ? from->size - from->at : 0;
    const uint8_t *name = from->data + from->at, *end = left ? memchr(name, 0, left) : NULL;
    size_t behind = end ? (size_t)(name + left - end - 1) : 0;
    return behind >= sizeof xmp && memcmp(end + 1, xmp, sizeof xmp) == 0;
}

static bool read_item(parts *file, clp_heif_box *infe) {
    clp_heif_cursor *from = &infe->content;
    bool sound = clp_heif_is(infe, "infe") && clp_heif_take(from, 4) >> 24 == 2;
    uint32_t id = (uint32_t)clp_heif_take(from, 2);
    uint32_t protection = (uint32_t)clp_heif_take(from, 2);
    const uint8_t *type = from->data + from->at;
    from->at += 4;
    if (!sound || protection != 0 || from->at >= from->size) {
        return false;
    }
    file->highest_id = id > file->highest_id ? id : file->highest_id;
    if (memcmp(type, "av01", 4) == 0 && file->picture_count < MOST_PICTURES && !find(file, id)) {
        file->pictures[file->picture_count++] = (picture){.id = id, .info = whole(infe)};
        return true;
    }
    return memcmp(type, "Exif", 4) == 0 || (memcmp(type, "mime", 4) == 0 && contains_xmp(from));
}

static bool read_items(parts *file) {
    clp_heif_cursor from = file->iinf.content, primary = file->pitm.content;
    clp_heif_box box;
    bool sound = clp_heif_take(&from, 4) == 0 && clp_heif_take(&primary, 4) == 0;
    uint64_t count = clp_heif_take(&from, 2);
    while (next(&from, &box, &sound)) {
        sound = count-- > 0 && read_item(file, &box);
    }
    return sound && count == 0 && find(file, clp_heif_take(&primary, 2));
}

/** Of references only those from pictures stay: that one is another's alpha. */
static bool read_references(parts *file) {
    clp_heif_cursor from = file->iref.content;
    clp_heif_box box;
    bool sound = !file->iref.type || clp_heif_take(&from, 4) == 0;
    while (file->iref.type && next(&from, &box, &sound)) {
        bool alpha = clp_heif_is(&box, "auxl"),
             of_picture = find(file, clp_heif_take(&box.content, 2));
        uint64_t to = clp_heif_take(&box.content, 2) == 1 ? clp_heif_take(&box.content, 2) : 0;
        sound = of_picture ? (alpha || clp_heif_is(&box, "prem")) && find(file, to)
                           : clp_heif_is(&box, "cdsc");
        file->is_alpha |= of_picture && alpha;
    }
    return sound;
}

/** One piece of a picture: false where it does not lie in the file. */
static bool next_extent(const parts *file, const picture *one, clp_heif_cursor *from,
                        clp_block *extent) {
    clp_heif_take(from, file->index_size);
    uint64_t start = one->base + clp_heif_take(from, file->offset_size);
    uint64_t size = clp_heif_take(from, file->length_size), all = file->source->size;
    if (from->at > from->size || size == 0 || start > all || size > all - start) {
        return false;
    }
    *extent = (clp_block){file->source->bytes + start, (size_t)size};
    return true;
}

static bool measure(const parts *file, picture *one) {
    clp_heif_cursor from = one->extents;
    clp_block extent;
    bool sound = one->extent_count > 0 && one->extent_count <= MOST_EXTENTS;
    for (uint32_t i = 0; sound && i < one->extent_count; i++) {
        sound = next_extent(file, one, &from, &extent);
        one->size += sound ? extent.size : 0;
    }
    return sound;
}

static bool read_places(parts *file) {
    clp_heif_cursor from = file->iloc.content;
    uint64_t version = clp_heif_take(&from, 4) >> 24, sizes = clp_heif_take(&from, 2);
    size_t base_size = sizes >> 4 & 15;
    uint32_t placed = 0;
    bool sound = version < 2;
    file->offset_size = (uint8_t)(sizes >> 12);
    file->length_size = sizes >> 8 & 15;
    file->index_size = version > 0 ? sizes & 15 : 0;
    for (uint64_t count = clp_heif_take(&from, 2); sound && count > 0; count--) {
        picture *one = find(file, clp_heif_take(&from, 2));
        bool elsewhere = version > 0 && clp_heif_take(&from, 2) != 0;
        elsewhere |= clp_heif_take(&from, 2) != 0;
        uint64_t base = clp_heif_take(&from, base_size);
        uint32_t extents = (uint32_t)clp_heif_take(&from, 2);
        if (one) {
            sound = !elsewhere && one->extent_count == 0;
            one->base = base;
            one->extent_count = extents;
            one->extents = from;
            sound = sound && measure(file, one);
            placed++;
        }
        from.at += extents * ((size_t)file->index_size + file->offset_size + file->length_size);
        sound = sound && from.at <= from.size;
    }
    return sound && placed == file->picture_count;
}

/** True of properties that say nothing of the pixels: descriptions, tags, times, what only its
 * writer knows, and free space, where anything may be left. */
static bool is_remark(const clp_heif_box *property) {
    static const char types[][5] = {"udes", "altt", "crtt", "mdft", "uuid", "free", "skip"};
    bool found = false;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        found |= clp_heif_is(property, types[i]);
    }
    return found;
}

/** A profile stays if it is the one that is wanted, and goes if none is. */
static bool read_properties(parts *file, const clp_block *icc) {
    clp_heif_cursor from = file->iprp.content, inner;
    clp_heif_box box, one;
    bool sound = true, first = true;
    while (next(&from, &box, &sound)) {
        sound = clp_heif_is(&box, first ? "ipco" : "ipma");
        inner = box.content;
        for (size_t index = 1; first && next(&inner, &one, &sound); index++) {
            bool profile = clp_heif_is(&one, "colr") && one.content.size >= 4 &&
                           (memcmp(one.content.data, "prof", 4) == 0 ||
                            memcmp(one.content.data, "rICC", 4) == 0);
            bool same = profile && icc->size == one.content.size - 4 &&
                        memcmp(icc->data, one.content.data + 4, icc->size) == 0;
            sound = index <= MOST_PROPERTIES && (!profile || !icc->size || same);
            file->dropped[sound ? index : 0] = (profile && !icc->size) || is_remark(&one);
        }
        first = false;
    }
    return sound && !first;
}

/* --------------------------------------------------------------- writing */

/** The file as it is written; after a failure nothing more is. */
typedef struct writer {
    clp_bytes *file;
    clproc_status status;
    clproc_error *error;
} writer;

static void put(writer *to, const void *data, size_t size) {
    if (to->status == CLPROC_OK) {
        to->status = clp_bytes_append(to->file, data, size, to->error);
    }
}

static void put_number(writer *to, uint64_t value, size_t bytes) {
    uint8_t data[8];
    for (size_t i = 0; i < bytes; i++) {
        data[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    }
    put(to, data, bytes);
}

static void put_block(writer *to, clp_block block) {
    put(to, block.data, block.size);
}

/** Begins a box; its end is told by end_box(). */
static size_t begin_box(writer *to, const char *type) {
    size_t start = to->file->size;
    put_number(to, 0, 4);
    put(to, type, 4);
    return start;
}

static void end_box(writer *to, size_t start) {
    if (to->status == CLPROC_OK) {
        clp_write_u32(to->file->data + start, (uint32_t)(to->file->size - start));
    }
}

/** Metadata as an item. */
typedef struct item {
    const char *type, *content; /**< content NULL: it is told by the type */
    const clp_block *block;
    size_t lead; /**< zeros before it */
} item;

static void put_places(writer *to, const parts *file, const item *items, size_t count,
                       size_t *places) {
    size_t box = begin_box(to, "iloc");
    put_number(to, 0, 4);
    put_number(to, 0x4400, 2); /* offsets and lengths of four bytes */
    put_number(to, file->picture_count + count, 2);
    for (size_t i = 0; i < file->picture_count + count; i++) {
        bool metadata = i >= file->picture_count;
        size_t k = i - file->picture_count;
        put_number(to, metadata ? file->highest_id + 1 + k : file->pictures[i].id, 2);
        put_number(to, 0, 2);
        put_number(to, 1, 2);
        places[i] = to->file->size;
        put_number(to, 0, 4);
        put_number(to, metadata ? items[k].lead + items[k].block->size : file->pictures[i].size, 4);
    }
    end_box(to, box);
}

static void put_items(writer *to, const parts *file, const item *items, size_t count) {
    size_t box = begin_box(to, "iinf");
    put_number(to, 0, 4);
    put_number(to, file->picture_count + count, 2);
    for (size_t i = 0; i < file->picture_count; i++) {
        put_block(to, file->pictures[i].info);
    }
    for (size_t i = 0; i < count; i++) {
        size_t infe = begin_box(to, "infe");
        put_number(to, (uint64_t)2 << 24, 4);
        put_number(to, file->highest_id + 1 + i, 2);
        put_number(to, 0, 2);
        put(to, items[i].type, 4);
        put_number(to, 0, 1); /* no name */
        if (items[i].content) {
            put(to, items[i].content, strlen(items[i].content) + 1);
        }
        end_box(to, infe);
    }
    end_box(to, box);
}

static void put_references(writer *to, const parts *file, uint64_t primary, size_t count) {
    clp_heif_cursor from = file->iref.content;
    clp_heif_box box;
    bool sound = true;
    if (!file->is_alpha && count == 0) {
        return;
    }
    size_t iref = begin_box(to, "iref");
    put_number(to, 0, 4);
    from.at = 4;
    while (file->iref.type && next(&from, &box, &sound)) {
        if (!clp_heif_is(&box, "cdsc")) {
            put_block(to, whole(&box));
        }
    }
    for (size_t i = 0; i < count; i++) {
        size_t cdsc = begin_box(to, "cdsc");
        put_number(to, file->highest_id + 1 + i, 2);
        put_number(to, 1, 2);
        put_number(to, primary, 2);
        end_box(to, cdsc);
    }
    end_box(to, iref);
}

/** Which properties items have, but for those that are dropped. False where it makes no sense. */
static bool put_associations(writer *to, const parts *file, clp_heif_cursor from) {
    size_t box = begin_box(to, "ipma");
    uint64_t head = clp_heif_take(&from, 4), count = clp_heif_take(&from, 4);
    size_t id_size = head >> 24 ? 4 : 2, index_size = head & 1 ? 2 : 1;
    put_number(to, head, 4);
    put_number(to, count, 4);
    for (; count > 0 && from.at < from.size; count--) {
        put_number(to, clp_heif_take(&from, id_size), id_size);
        size_t place = to->file->size;
        uint8_t kept = 0;
        put_number(to, 0, 1);
        for (uint64_t left = clp_heif_take(&from, 1); left > 0; left--) {
            uint64_t one = clp_heif_take(&from, index_size);
            uint64_t index = one & (index_size == 2 ? 0x7FFF : 0x7F);
            if (index > MOST_PROPERTIES || !file->dropped[index]) {
                put_number(to, one, index_size);
                kept++;
            }
        }
        if (to->status == CLPROC_OK) {
            to->file->data[place] = kept;
        }
    }
    end_box(to, box);
    return count == 0 && from.at == from.size;
}

static bool put_properties(writer *to, const parts *file) {
    clp_heif_cursor from = file->iprp.content;
    clp_heif_box box, one;
    bool sound = true;
    size_t iprp = begin_box(to, "iprp");
    while (next(&from, &box, &sound)) {
        if (clp_heif_is(&box, "ipma")) {
            sound = put_associations(to, file, box.content);
            continue;
        }
        size_t ipco = begin_box(to, "ipco");
        for (size_t index = 1; next(&box.content, &one, &sound); index++) {
            if (file->dropped[index]) {
                /* Free space, so that those behind it keep their numbers. */
                end_box(to, begin_box(to, "free"));
            } else {
                put_block(to, whole(&one));
            }
        }
        end_box(to, ipco);
    }
    end_box(to, iprp);
    return sound;
}

static void put_data(writer *to, const parts *file, const item *items, size_t count,
                     const size_t *places) {
    size_t mdat = begin_box(to, "mdat");
    for (size_t i = 0; i < file->picture_count + count && to->status == CLPROC_OK; i++) {
        clp_write_u32(to->file->data + places[i], (uint32_t)to->file->size);
        if (i >= file->picture_count) {
            const item *one = &items[i - file->picture_count];
            put_number(to, 0, one->lead);
            put_block(to, *one->block);
            continue;
        }
        clp_heif_cursor from = file->pictures[i].extents;
        clp_block extent;
        for (uint32_t k = 0; k < file->pictures[i].extent_count; k++) {
            if (next_extent(file, &file->pictures[i], &from, &extent)) {
                put_block(to, extent);
            }
        }
    }
    end_box(to, mdat);
}

static bool write_file(writer *to, const parts *file, const clp_blocks *blocks) {
    const item all[] = {{"Exif", NULL, &blocks->exif, 4},
                        {"mime", "application/rdf+xml", &blocks->xmp, 0}};
    clp_heif_cursor primary = {file->pitm.content.data, file->pitm.content.size, 4};
    size_t places[MOST_PICTURES + 2], count = 0;
    item items[2];
    for (size_t i = 0; i < 2; i++) {
        if (all[i].block->size) {
            items[count++] = all[i];
        }
    }
    put_block(to, whole(&file->ftyp));
    size_t meta = begin_box(to, "meta");
    put_number(to, 0, 4);
    put_block(to, whole(&file->hdlr));
    put_block(to, whole(&file->pitm));
    put_places(to, file, items, count, places);
    put_items(to, file, items, count);
    put_references(to, file, clp_heif_take(&primary, 2), count);
    bool sound = put_properties(to, file);
    end_box(to, meta);
    put_data(to, file, items, count, places);
    return sound;
}

clproc_status clp_heif_rewrite(const clp_decoder *decoder, clp_encoder *encoder,
                               const clp_encode_params *params, bool *done, clproc_error *error) {
    const clp_header *header = &decoder->header;
    const clp_blocks *blocks = &params->blocks;
    parts file = {.source = &decoder->source};
    writer to = {.file = &encoder->output, .error = error};
    bool alpha = clp_model_has_alpha(header->model);
    *done = header->beside == 0 && read_boxes(&file) && read_items(&file) &&
            read_references(&file) && read_places(&file) && read_properties(&file, &blocks->icc) &&
            file.picture_count == 1u + alpha && file.is_alpha == alpha &&
            file.highest_id < UINT16_MAX - 2;
    uint64_t size = 0, room = decoder->source.size;
    for (uint32_t i = 0; i < file.picture_count; i++) {
        size += file.pictures[i].size;
    }
    /* Pieces that overlap could be many times the file. */
    if (*done && size <= room && room + blocks->exif.size + blocks->xmp.size < INT32_MAX) {
        *done = write_file(&to, &file, blocks);
    } else {
        *done = false;
    }
    return to.status;
}
