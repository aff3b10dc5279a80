//! Pictures as files: generates some, finds them, and makes them smaller.
//!
//! [`resize`] works on one picture and touches nothing that is shared but the disk, so any number of
//! them can run at once.

use std::env;
use std::error::Error;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Cursor, ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::{Arg, value_parser};
use common::{Done, Outcome, Span, is_cancelled};
use harness::options::numeric;
use harness::{Kind, Lesson, Scratch, Setup, Total, Unit, Work, give_up};
use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::codecs::png::PngEncoder;
use image::imageops::{FilterType, resize as resize_pixels};
use image::metadata::Orientation;
use image::{
    ColorType, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, ImageResult,
    Limits, Rgba, guess_format,
};
use rayon::prelude::*;

use crate::scenes::scene;

/// How the names of folders for generated and resized pictures begin.
const NAME: &str = "pictures";
/// The quality of the JPEGs that are written, of 100: Pillow's default.
const JPEG_QUALITY: u8 = 75;
/// Width and height of the generated pictures.
const SIZE: (u32, u32) = (1200, 900);

/// A picture by the name of its file; its value is the size of the small one's file.
const PICTURE: Kind = Kind {
    noun: "picture",
    verb: "resized",
    counted: "pictures",
    counts_alone: true,
    unit: Unit::Bytes,
    label: file_name,
    line,
    total: Total::None,
    only_computes: true,
    expected: None,
};

fn file_name(path: &str) -> String {
    let path = Path::new(path);
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn line(span: &Span, done: &Done) -> String {
    let [from, to] = [0, 1].map(|at| done.details.get(at).map_or(&[][..], |(_, size)| size));
    let size = |size: &[u64]| size.iter().map(u64::to_string).collect::<Vec<_>>().join("x");
    format!("{}: {} -> {}, {} bytes", span.label, size(from), size(to), done.value)
}

/// Resizes the pictures of a folder, or generated ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pictures;

/// The pictures to resize, and where the small ones go.
#[derive(Debug)]
pub(crate) struct Album {
    /// The files.
    pub(crate) pictures: Vec<PathBuf>,
    /// A new folder for the small pictures, if one was named.
    pub(crate) out: Option<PathBuf>,
    /// The width of the small pictures, in pixels.
    pub(crate) width: u32,
}

impl Work for Pictures {
    type Items = Album;

    fn kinds(&self) -> Vec<&'static str> {
        vec![PICTURE.noun]
    }

    fn limited(&self) -> &'static str {
        "pictures may be in progress"
    }

    fn options(&self, _: &Lesson) -> Vec<Arg> {
        let folder =
            |name| Arg::new(name).long(name).value_name("DIR").value_parser(value_parser!(PathBuf));
        vec![
            folder("folder")
                .help("Resize the pictures (.jpg, .png) of this folder instead of generated ones"),
            folder("out").help("A new folder in which the small pictures are kept"),
            numeric("pictures", "N", 1..=1_000usize)
                .default_value("24")
                .conflicts_with("folder")
                .help("How many pictures to generate"),
            numeric("width", "PIXELS", 1..=10_000u32)
                .default_value("400")
                .help("Width of the small pictures"),
        ]
    }

    fn prepare(self, setup: &mut Setup) -> Album {
        let out: Option<PathBuf> = setup.optional("out");
        if let Some((out, Err(error))) = out.as_ref().map(|out| (out, fs::create_dir(out))) {
            give_up(&format!("the new folder {} cannot be made: {error}", out.display()));
        }
        // Ctrl-C must remove the generated pictures, too.
        setup.catch_ctrl_c();
        let made = Which::Made(setup.value("pictures"));
        let gathered = gather(setup.optional("folder").map_or(made, Which::In));
        let (pictures, kept) = gathered.unwrap_or_else(|error| {
            let _ = out.as_ref().map(fs::remove_dir);
            give_up(&format!("no pictures to resize: {error}"))
        });
        setup.keep(kept);
        setup.add(PICTURE, pictures.len());
        Album { pictures, out, width: setup.value("width") }
    }
}

/// Which pictures to resize.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Which {
    /// Those of this folder.
    In(PathBuf),
    /// This many, generated for the run.
    Made(usize),
}

/// Why a picture was not resized, in words.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Failure {}

fn broken() -> Failure {
    Failure("the picture is broken, perhaps cut short".into())
}

/// Makes a folder for pictures in this place, or says why it cannot and ends the program. The folder is removed when the
/// returned value is dropped.
pub(crate) fn scratch(place: &Path) -> Scratch {
    Scratch::new(place, NAME).unwrap_or_else(|error| give_up(&error.to_string()))
}

/// The pictures to resize. Generated ones exist until the `Scratch` that comes with them is dropped.
///
/// # Errors
/// When a folder cannot be read or has no pictures, or when generated ones cannot be written.
fn gather(which: Which) -> io::Result<(Vec<PathBuf>, Option<Scratch>)> {
    match which {
        Which::Made(many) => {
            let scratch = Scratch::new(&env::temp_dir(), NAME)?;
            Ok((made(scratch.path(), many, SIZE)?, Some(scratch)))
        }
        Which::In(folder) => {
            let unreadable = |error| {
                io::Error::other(format!("the folder {} cannot be read: {error}", folder.display()))
            };
            let found = in_folder(&folder).map_err(unreadable)?;
            if found.is_empty() {
                let sentence = format!("there is no .jpg and no .png in {}", folder.display());
                return Err(io::Error::other(sentence));
            }
            // Read them once, so that the first part does not pay for waking the disk.
            for picture in &found {
                let _ = fs::read(picture);
            }
            Ok((found, None))
        }
    }
}

/// Generates pictures: `picture-01.jpg`, `picture-02.jpg` and so on, every fifth a PNG. The same number is always
/// the same picture. After Ctrl-C, returns those that exist.
fn made(folder: &Path, many: usize, size: (u32, u32)) -> io::Result<Vec<PathBuf>> {
    // As many digits as the last one needs, so that they are in order when sorted by name.
    let digits = many.to_string().len().max(2);
    let make = |number| {
        let (ending, format) =
            if number % 5 == 0 { ("png", ImageFormat::Png) } else { ("jpg", ImageFormat::Jpeg) };
        let file = folder.join(format!("picture-{number:0digits$}.{ending}"));
        let bytes =
            encoded(&scene(number as u64, size).into(), format).map_err(io::Error::other)?;
        fs::write(&file, bytes)?;
        Ok(file)
    };
    (1..=many).into_par_iter().take_any_while(|_| !is_cancelled()).map(make).collect()
}

/// The JPEG and PNG files of a folder by the endings of their names, sorted. Subfolders are not
/// entered.
fn in_folder(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let ending = path.extension().unwrap_or_default();
        let fits = ["jpg", "jpeg", "png"].iter().any(|known| ending.eq_ignore_ascii_case(known));
        // A Mac keeps notes about a picture in a hidden file of a similar name: `._photo.jpg`.
        let is_hidden =
            path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if fits && !is_hidden && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Writes a copy of the picture, `width` pixels wide, under the same name and in the same format in
/// `folder`, which must exist.
///
/// The height follows, so that nothing looks stretched. A picture that is not wider keeps its size. The
/// content decides the format, not the ending of the name. A file that already exists stays as it is. The new
/// file is read again, to check that it is whole.
///
/// If something is wrong with the picture or with the folder, only this picture fails, and the folder stays as it
/// was.
pub(crate) fn resize(picture: &Path, folder: &Path, width: u32) -> Outcome {
    Outcome(resized(picture, folder, width).map_err(|failure| failure.0))
}

fn resized(picture: &Path, folder: &Path, width: u32) -> Result<Done, Failure> {
    let bytes = fs::read(picture).map_err(|why| Failure(format!("it cannot be read: {why}")))?;
    let (large, format) = decoded(&bytes)?;
    let from = (large.width(), large.height());
    let to = fitted(from, width);
    let small = if to == from { large } else { shrunk(large, to) };
    // To memory first: if this fails, no file was begun.
    let encoded = encoded(&small, format).map_err(|_| broken())?;
    let file = folder.join(picture.file_name().unwrap_or_default());
    write_new(&file, &encoded)?;
    if size_of(&file) != Some(to) {
        let _ = fs::remove_file(&file); // it is ours: `write_new` made it
        return Err(Failure("what was written could not be read again".into()));
    }
    let size = |(width, height): (u32, u32)| vec![width.into(), height.into()];
    Ok(Done { value: encoded.len() as u64, details: vec![("from", size(from)), ("to", size(to))] })
}

/// A picture in a smaller size.
///
/// The pixels around a new one are mixed, each with its weight. Where a pixel is transparent, its colour is not
/// seen and must not be mixed in: it counts as much as the pixel is opaque (premultiplied alpha).
fn shrunk(large: DynamicImage, (width, height): (u32, u32)) -> DynamicImage {
    const FILTER: FilterType = FilterType::CatmullRom;
    let colour = large.color();
    if !colour.has_alpha() {
        return large.resize_exact(width, height, FILTER);
    }
    // More room for each number, so that dark and transparent pixels lose nothing on the way.
    let mut pixels = large.into_rgba32f();
    for Rgba([colours @ .., alpha]) in pixels.pixels_mut() {
        colours.iter_mut().for_each(|it| *it *= *alpha);
    }
    let mut small = resize_pixels(&pixels, width, height, FILTER);
    for Rgba([colours @ .., alpha]) in small.pixels_mut() {
        *alpha = alpha.clamp(0.0, 1.0);
        let opaque = alpha.max(f32::EPSILON);
        colours.iter_mut().for_each(|it| *it = (*it / opaque).clamp(0.0, 1.0));
    }
    let small = DynamicImage::from(small);
    match colour {
        ColorType::La8 => small.into_luma_alpha8().into(),
        ColorType::La16 => small.into_luma_alpha16().into(),
        ColorType::Rgba16 => small.into_rgba16().into(),
        _ => small.into_rgba8().into(),
    }
}

/// The size for a picture to be `width` wide, or its own if it is not wider than that.
fn fitted((w, h): (u32, u32), width: u32) -> (u32, u32) {
    if width >= w {
        return (w, h);
    }
    let width = width.max(1);
    // In u64, for width * h may be more than a u32 holds. Half of w is added to round.
    let height = (u64::from(width) * u64::from(h) + u64::from(w) / 2) / u64::from(w);
    // Less than h, as width < w, so it fits. Never 0, for such pictures do not exist.
    (width, u32::try_from(height).unwrap_or(h).max(1))
}

/// The picture that is in these bytes, the right way up, and its format.
fn decoded(bytes: &[u8]) -> Result<(DynamicImage, ImageFormat), Failure> {
    let format = match guess_format(bytes) {
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png)) => format,
        _ => return Err(Failure("this is neither a JPEG nor a PNG picture".into())),
    };
    let failed = |why| match why {
        ImageError::Limits(_) => Failure("the picture is too large for the memory".into()),
        _ => broken(),
    };
    // The decoder of JPEG paints grey what is missing and is content, so it is asked for here.
    if format == ImageFormat::Jpeg && !has_end(bytes) {
        return Err(broken());
    }
    // A tiny file can claim to be immense: it is refused before memory is taken for it.
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits());
    let mut picture = reader.decode().map_err(failed)?;
    if format == ImageFormat::Jpeg {
        picture.apply_orientation(orientation(bytes).map_err(failed)?);
    }
    Ok((picture, format))
}

/// What a picture may take: 256 MiB once decoded, and four times as much while it is shrunk if it is transparent;
/// and no side longer than a JPEG's can be, since shrinking takes memory for each column, too.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(256 << 20);
    limits.max_image_width = Some(u16::MAX.into());
    limits.max_image_height = Some(u16::MAX.into());
    limits
}

/// How a camera was held, as it noted in its JPEG.
fn orientation(jpeg: &[u8]) -> ImageResult<Orientation> {
    JpegDecoder::new(Cursor::new(jpeg))?.orientation()
}

/// Whether a JPEG has the mark for its end after the one for the begin of its pixels.
///
/// What is before the pixels is stepped over block by block, as it may hold a whole small preview
/// with an end of its own. What is behind the end is of no interest.
fn has_end(jpeg: &[u8]) -> bool {
    let mut rest = jpeg.get(2..).unwrap_or_default();
    while let [0xFF, mark, after @ ..] = rest {
        rest = match (mark, after) {
            // Filling, and marks without a block.
            (0xFF, _) => &rest[1..],
            (0x01 | 0xD0..=0xD7, _) => after,
            (0xDA, _) => return after.windows(2).any(|two| two == [0xFF, 0xD9]),
            (_, [high, low, ..]) => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                after.get(length..).unwrap_or_default()
            }
            _ => return false,
        };
    }
    false
}

/// The bytes of a file that holds `picture`.
fn encoded(picture: &DynamicImage, format: ImageFormat) -> ImageResult<Vec<u8>> {
    let mut bytes = Vec::new();
    if format == ImageFormat::Png {
        picture.write_with_encoder(PngEncoder::new(&mut bytes))?;
    } else {
        picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY))?;
    }
    Ok(bytes)
}

/// Writes a file that is not there yet: either the whole of it, or none.
fn write_new(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |why: io::Error| match why.kind() {
        ErrorKind::AlreadyExists => Failure(format!("there is a {} already", file.display())),
        _ => Failure(format!("{} cannot be written: {why}", file.display())),
    };
    // `create_new` looks and makes in one step. Between a look with `exists` and the making, another thread
    // or program could make it.
    let mut new = OpenOptions::new().write(true).create_new(true).open(file).map_err(failed)?;
    new.write_all(bytes).map_err(|why| {
        let _ = fs::remove_file(file);
        failed(why)
    })
}

/// The size of the picture in a file, if it can be decoded to its end.
fn size_of(file: &Path) -> Option<(u32, u32)> {
    let (picture, _) = decoded(&fs::read(file).ok()?).ok()?;
    Some((picture.width(), picture.height()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, ImageBuffer, Luma, LumaA, RgbaImage};

    /// A picture's content in a folder of its own, to be resized into the folder `small` in it.
    struct Place(Scratch);

    impl Place {
        fn new() -> Self {
            let scratch = Scratch::new(&env::temp_dir(), NAME).unwrap();
            fs::create_dir(scratch.path().join("small")).unwrap();
            Self(scratch)
        }

        fn put(&self, name: &str, content: &[u8]) -> PathBuf {
            let path = self.0.path().join(name);
            fs::write(&path, content).unwrap();
            path
        }

        fn small(&self) -> PathBuf {
            self.0.path().join("small")
        }

        fn resize(&self, name: &str, content: &[u8], width: u32) -> Result<Done, Failure> {
            resized(&self.put(name, content), &self.small(), width)
        }

        /// From what size to what size.
        fn sizes(&self, name: &str, content: &[u8], width: u32) -> [(u32, u32); 2] {
            let done = self.resize(name, content, width).unwrap();
            [0, 1].map(|at| match done.details[at].1.as_slice() {
                &[width, height] => (width.try_into().unwrap(), height.try_into().unwrap()),
                other => panic!("{other:?}"),
            })
        }

        /// What is said where it fails, after which nothing may be left behind.
        fn refusal(&self, name: &str, content: &[u8]) -> String {
            let said = self.resize(name, content, 20).unwrap_err().to_string();
            assert_eq!(fs::read_dir(self.small()).unwrap().count(), 0, "a file was left behind");
            said
        }
    }

    fn jpeg(w: u32, h: u32) -> Vec<u8> {
        encoded(&DynamicImage::ImageRgb8(scene(1, (w, h))), ImageFormat::Jpeg).unwrap()
    }

    fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
        encoded(&picture.into(), ImageFormat::Png).unwrap()
    }

    #[test]
    fn those_that_are_made_are_in_order_and_no_two_are_alike() {
        let (one, two) = (Place::new(), Place::new());
        let first = made(one.0.path(), 13, (40, 30)).unwrap();
        let second = made(two.0.path(), 13, (40, 30)).unwrap();
        assert_eq!(first, in_folder(one.0.path()).unwrap());
        assert!(first[0].ends_with("picture-01.jpg") && first[9].ends_with("picture-10.png"));
        let contents: Vec<_> = first.iter().map(|file| fs::read(file).unwrap()).collect();
        for (number, content) in contents.iter().enumerate() {
            assert_eq!(*content, fs::read(&second[number]).unwrap(), "the same each time");
            assert!(!contents[..number].contains(content), "two pictures are the same");
            assert_eq!(size_of(&first[number]), Some((40, 30)));
        }
    }

    #[test]
    fn what_was_made_is_gone_with_its_scratch() {
        let (pictures, scratch) = gather(Which::Made(2)).unwrap();
        assert!(pictures.iter().all(|picture| picture.exists()));
        drop(scratch);
        assert!(!pictures.iter().any(|picture| picture.exists()));
    }

    #[test]
    fn a_folder_without_pictures_is_refused() {
        let at = Place::new();
        let said = gather(Which::In(at.small())).unwrap_err().to_string();
        assert!(said.starts_with("there is no .jpg and no .png in "), "{said}");
        let said = gather(Which::In(at.small().join("no"))).unwrap_err().to_string();
        assert!(said.starts_with("the folder ") && said.contains(" cannot be read: "), "{said}");
    }

    #[test]
    fn a_jpeg_becomes_smaller_and_stays_itself() {
        let at = Place::new();
        let content = jpeg(80, 61);
        let done = at.resize("a.jpg", &content, 20).unwrap();
        let written = fs::read(at.small().join("a.jpg")).unwrap();
        let bytes = written.len() as u64;
        let details = vec![("from", vec![80, 61]), ("to", vec![20, 15])];
        assert_eq!(done, Done { value: bytes, details });
        assert_eq!(guess_format(&written).unwrap(), ImageFormat::Jpeg);
        assert_eq!(fs::read(at.0.path().join("a.jpg")).unwrap(), content, "the original");
    }

    #[test]
    fn a_small_picture_is_not_enlarged() {
        let at = Place::new();
        assert_eq!(at.sizes("a.jpg", &jpeg(30, 20), 31)[1], (30, 20));
        assert_eq!(at.sizes("b.jpg", &jpeg(30, 20), 30)[1], (30, 20));
        assert_eq!(at.sizes("c.jpg", &jpeg(1, 1), u32::MAX)[1], (1, 1));
    }

    #[test]
    fn no_side_becomes_0() {
        let at = Place::new();
        assert_eq!(at.sizes("a.jpg", &jpeg(1, 5000), 400)[1], (1, 5000));
        assert_eq!(at.sizes("b.jpg", &jpeg(5000, 1), 400)[1], (400, 1));
        assert_eq!(fitted((u32::MAX, u32::MAX), u32::MAX - 1), (u32::MAX - 1, u32::MAX - 1));
        assert_eq!(fitted((2, u32::MAX), 1), (1, 1 << 31));
    }

    #[test]
    fn a_photo_taken_sideways_is_put_upright() {
        let plain = jpeg(40, 20);
        // A block APP1 with one note: 0x0112, the orientation, is 6, a quarter turn.
        let block = b"\xFF\xE1\0\x22Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let turned = [&plain[..2], block, &plain[2..]].concat();
        assert_eq!(Place::new().sizes("a.jpg", &turned, 10), [(20, 40), (10, 20)]);
    }

    #[test]
    fn a_picture_cut_short_is_refused_wherever_it_is_cut() {
        let at = Place::new();
        let (jpeg, png) = (jpeg(64, 64), png(scene(1, (64, 64))));
        for part in [25, 50, 75, 95] {
            for (name, whole) in [("a.jpg", &jpeg), ("a.png", &png)] {
                let said = at.refusal(name, &whole[..whole.len() * part / 100]);
                assert_eq!(said, "the picture is broken, perhaps cut short", "{name} at {part} %");
            }
        }
        // To the last byte for a JPEG, and nothing panics on the way.
        for end in 0..jpeg.len() {
            assert!(decoded(&jpeg[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let at = Place::new();
        for content in [&b"Dear diary"[..], b"", b"GIF89a"] {
            assert_eq!(at.refusal("a.jpg", content), "this is neither a JPEG nor a PNG picture");
        }
    }

    #[test]
    fn what_claims_to_be_immense_is_refused() {
        let at = Place::new();
        // 60,000 x 60,000 pixels, 10 GB, it says.
        let bomb = b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\xEA\x60\0\0\xEA\x60\x08\x02\0\0\0\x0F\xB0\xE2\x15\0\0\0\x08IDAT\x78\x9C\x03\0\0\0\0\x01\x48\x06\x89\xD2";
        assert_eq!(at.refusal("a.png", bomb), "the picture is too large for the memory");
        // The same for a JPEG: its height and width follow the mark of the block SOF0.
        let mut bomb = jpeg(8, 8);
        let at_size = bomb.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap() + 5;
        bomb[at_size..at_size + 4].copy_from_slice(&[0xEA, 0x60, 0xEA, 0x60]);
        assert_eq!(at.refusal("a.jpg", &bomb), "the picture is too large for the memory");
    }

    #[test]
    fn nothing_is_overwritten() {
        let at = Place::new();
        let mine = at.put("small/a.jpg", b"mine");
        let named = at.small().join("a.jpg"); // on Windows, not with the sign that was put here
        let said = at.resize("a.jpg", &jpeg(40, 30), 20).unwrap_err().to_string();
        assert_eq!(said, format!("there is a {} already", named.display()));
        assert_eq!(fs::read(mine).unwrap(), b"mine");
        // Nor the original, where its own folder is given.
        let original = at.0.path().join("a.jpg");
        let said = resized(&original, at.0.path(), 20).unwrap_err().to_string();
        assert!(said.ends_with(" already"), "{said}");
        assert_eq!(fs::read(original).unwrap(), jpeg(40, 30));
    }

    #[test]
    fn files_and_folders_that_are_not_there() {
        let at = Place::new();
        let said = resized(&at.0.path().join("no.jpg"), &at.small(), 20).unwrap_err().to_string();
        assert!(said.starts_with("it cannot be read: "), "{said}");
        let file = at.put("a.jpg", &jpeg(40, 30));
        let said = resized(&file, &at.0.path().join("no"), 20).unwrap_err().to_string();
        assert!(said.contains(" cannot be written: "), "{said}");
    }

    #[test]
    fn in_folder_takes_pictures_only() {
        let at = Place::new();
        for name in ["b.JPG", "a.png", "c.jpeg", "d.txt", "png", ".jpg", "e.jpg.zip"] {
            at.put(name, b"");
        }
        fs::create_dir(at.0.path().join("folder.jpg")).unwrap();
        at.put("small/deep.jpg", b"");
        let found = in_folder(at.0.path()).unwrap();
        assert_eq!(found, ["a.png", "b.JPG", "c.jpeg"].map(|name| at.0.path().join(name)));
        assert!(in_folder(&at.0.path().join("nowhere")).is_err());
    }

    #[test]
    fn the_content_says_the_format() {
        let at = Place::new();
        at.resize("a.jpg", &png(scene(1, (40, 30))), 20).unwrap();
        let written = fs::read(at.small().join("a.jpg")).unwrap();
        assert_eq!(guess_format(&written).unwrap(), ImageFormat::Png);
    }

    #[test]
    fn every_kind_of_png_keeps_its_kind() {
        let at = Place::new();
        let kinds: [(&str, DynamicImage); 4] = [
            ("alpha.png", RgbaImage::from_pixel(40, 30, Rgba([250, 0, 0, 9])).into()),
            ("grey.png", GrayImage::from_pixel(40, 30, Luma([77])).into()),
            ("deep.png", ImageBuffer::from_pixel(40, 30, Luma([777_u16])).into()),
            ("deepest.png", ImageBuffer::from_pixel(40, 30, Rgba([9_u16, 99, 999, 9999])).into()),
        ];
        for (name, picture) in kinds {
            at.resize(name, &png(picture.clone()), 20).unwrap();
            let small = image::open(at.small().join(name)).unwrap();
            assert_eq!(small.color(), picture.color());
            assert_eq!(small, picture.crop_imm(0, 0, 20, 15), "{name}");
        }
    }

    #[test]
    fn a_grey_jpeg_stays_grey() {
        let at = Place::new();
        let grey = DynamicImage::from(GrayImage::from_pixel(40, 30, Luma([77])));
        at.resize("a.jpg", &encoded(&grey, ImageFormat::Jpeg).unwrap(), 20).unwrap();
        let small = image::open(at.small().join("a.jpg")).unwrap();
        assert_eq!(small.color(), image::ColorType::L8);
    }

    #[test]
    fn a_preview_does_not_hide_that_the_picture_is_cut_short() {
        let (picture, preview) = (jpeg(64, 64), jpeg(8, 8));
        let length = u16::try_from(preview.len() + 2).unwrap().to_be_bytes();
        let whole = [&picture[..2], b"\xFF\xE5", &length, &preview, &picture[2..]].concat();
        assert!(has_end(&whole));
        assert!(!has_end(&whole[..whole.len() - 2]));
        assert!(has_end(&[&whole[..], b"and more"].concat()));
    }

    #[test]
    fn of_many_at_once_one_wins() {
        let at = Place::new();
        let file = at.put("a.jpg", &jpeg(40, 30));
        let wins = (0..16).into_par_iter().filter(|_| resized(&file, &at.small(), 20).is_ok());
        assert_eq!(wins.count(), 1);
        assert_eq!(size_of(&at.small().join("a.jpg")), Some((20, 15)));
    }

    /// A white disc on black that is not seen: where the disc ends, nothing of the black may come in.
    #[test]
    fn the_colour_of_what_is_transparent_is_not_mixed_in() {
        let disc = |x: u32, y: u32| {
            let from_centre = (f64::from(x) - 100.0).hypot(f64::from(y) - 100.0);
            if from_centre < 70.0 { 255 } else { 0 }
        };
        let pictures: [DynamicImage; 2] = [
            RgbaImage::from_fn(200, 200, |x, y| {
                Rgba([disc(x, y), disc(x, y), disc(x, y), disc(x, y)])
            })
            .into(),
            ImageBuffer::from_fn(200, 200, |x, y| LumaA([disc(x, y), disc(x, y)])).into(),
        ];
        for picture in pictures {
            let (colour, small) = (picture.color(), shrunk(picture, (40, 40)));
            assert_eq!(small.color(), colour);
            let mut edge = 0;
            for Rgba([red, .., alpha]) in small.into_rgba8().pixels() {
                assert!(*alpha < 8 || *red > 250, "{red} where it is {alpha} opaque");
                edge += u32::from((8..248).contains(alpha));
            }
            assert!(edge > 40, "{edge} half-transparent pixels");
        }
    }

    #[test]
    fn a_side_that_is_too_long_is_refused_before_memory_is_taken() {
        let place = Place::new();
        for (width, height) in [(300_000_000_u32, 1_u32), (1, 300_000_000), (70_000, 2)] {
            // Signature and header of a PNG with one bit for each pixel; its pixels are not needed to refuse it.
            let mut header = b"IHDR".to_vec();
            header.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
            header.extend([1, 0, 0, 0, 0]);
            let mut crc = flate2::Crc::new();
            crc.update(&header);
            let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
            png.extend(header);
            png.extend(crc.sum().to_be_bytes());
            assert_eq!(place.refusal("wide.png", &png), "the picture is too large for the memory");
        }
    }

    #[test]
    fn what_a_mac_leaves_beside_a_picture_is_passed_over() {
        let place = Place::new();
        let photo = place.put("photo.jpg", &jpeg(40, 30));
        place.put("._photo.jpg", b"no picture");
        place.put(".DS_Store", b"no picture");
        assert_eq!(in_folder(place.0.path()).unwrap(), [photo]);
    }
}
