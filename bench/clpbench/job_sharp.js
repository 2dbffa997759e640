// One job of the benchmark done with sharp; the job is the first argument, in JSON.
'use strict';
const path = require('path');
const sharp = require('sharp');

const job = JSON.parse(process.argv[2]);
sharp.cache(false);
sharp.concurrency(job.threads);

/** All sizes from one pipeline, as sharp's documentation has it. */
async function outputs(file) {
    const image = sharp(file).rotate();
    const { name, ext } = path.parse(file);
    await Promise.all(job.widths.map((width) => image.clone().resize(width, null, {
        kernel: 'lanczos3', withoutEnlargement: true, fastShrinkOnLoad: false,
    }).jpeg({ quality: job.quality, optimiseCoding: false })
        .toFile(path.join(job.out, `${name}-${width}${ext}`))));
}

async function one(file) {
    if (job.task === 'outputs') {
        return outputs(file);
    }
    let image = sharp(file).rotate();
    if (job.task === 'half') {
        const about = await sharp(file).metadata();
        image = image.resize(Math.round(about.width / 2));
    } else {
        image = image.resize(job.width, null, {
            kernel: 'lanczos3', withoutEnlargement: true, fastShrinkOnLoad: job.hasty,
        });
    }
    if (file.endsWith('.png')) {
        image = image.png({ compressionLevel: job.png_level, adaptiveFiltering: !job.hasty });
    } else {
        image = image.jpeg({ quality: job.quality, optimiseCoding: false });
    }
    return image.toFile(path.join(job.out, path.basename(file)));
}

async function worker(queue) {
    for (let file = queue.pop(); file; file = queue.pop()) {
        await one(file);
    }
}

const queue = job.files.slice().reverse();
const atOnce = job.threads === 1 ? job.cores : 1;
Promise.all(Array.from({ length: atOnce }, () => worker(queue))).catch((error) => {
    console.error(error.message);
    process.exit(1);
});
