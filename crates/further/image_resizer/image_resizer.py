"""Real work for all cores: pictures are decoded, resized, and written.

Run:   python3 crates/further/image_resizer/image_resizer.py
Watch: one lane at work, then one for each core; each picture takes as long as before.
"""

import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common
from PIL import Image

PICTURE = common.Kind("picture", "resized", "pictures", "bytes", only_computes=True)


def main():
    sections = ["a for loop", "a pool of processes"]
    options = {"pictures": 24, "width": 400, "workers": common.CORES}
    with common.Run("processes", sections, PICTURE, **options) as run:
        with tempfile.TemporaryDirectory() as folder:
            make_pictures(folder, run.options.pictures)
            resize_all(run, sorted(Path(folder).iterdir()))
    return run.finish()


def make_pictures(folder, many):
    """Pictures to practise on, all alike: a fractal with the grain of a film."""
    fractal = Image.effect_mandelbrot((1200, 900), (-2, -1.2, 1, 1.2), 50)
    grain = Image.effect_noise((1200, 900), 40)
    picture = Image.merge("RGB", [fractal, Image.blend(fractal, grain, 0.3), grain])
    for number in range(many):
        picture.save(Path(folder, f"picture-{number + 1:03}.jpg"))


# ANCHOR: resize_all
def resize_all(run, pictures):
    run.wanted[PICTURE] = 2 * len(pictures)
    run.workers = min(run.options.workers, len(pictures))
    widths = [run.options.width] * len(pictures)
    run.section("a for loop")
    list(map(run.record, map(resize, pictures, widths)))
    run.section("a pool of processes")
    with ProcessPoolExecutor(max_workers=run.workers) as executor:
        list(map(run.record, executor.map(resize, pictures, widths)))


def resize(path, width):
    with common.Item(path.name, PICTURE) as item, Image.open(path) as image:
        small = image.resize((width, image.height * width // image.width), Image.LANCZOS)
        small.save(out := path.with_suffix(".small.jpg"))
        size = out.stat().st_size
        item.end(size, f"{path.name}: {image.width}x{image.height} -> "
                       f"{small.width}x{small.height}, {size} bytes")
    return item
# ANCHOR_END: resize_all


if __name__ == "__main__":
    sys.exit(main())
