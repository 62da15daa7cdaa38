//! As much of HTTP/2 (RFC 9113) as one gRPC call on a connection needs. Header blocks of the server are not read.

/// Bytes of DATA that the server may send ahead, on the stream and on the connection: more than the largest policy takes.
pub const WINDOW: u32 = 64 << 20;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const CONNECTION: u32 = 0;
const STREAM: u32 = 1;
/// The window of a connection to begin with; SETTINGS do not change it.
const WINDOW_DEFAULT: u32 = 65_535;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

const END_HEADERS: u8 = 4;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;

/// What a frame asks of a client.
pub enum Frame<'a> {
    /// A part of a message.
    Data(&'a [u8]),
    /// To be acknowledged.
    Settings,
    /// To be sent back.
    Ping(&'a [u8]),
    Nothing,
    /// Ends the client.
    Unexpected(String),
}

/// The first frame, once it is there as a whole, and what follows it.
pub fn split(bytes: &[u8]) -> Option<(Frame<'_>, &[u8])> {
    let ([a, b, c, kind, flags, _stream @ ..], rest) = bytes.split_first_chunk::<9>()?;
    let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
    let (payload, rest) = rest.split_at_checked(length)?;
    let frame = match (*kind, *flags) {
        (DATA, 0) => Frame::Data(payload),
        // The headers with which the call begins; with trailers it would end.
        (HEADERS, END_HEADERS) => Frame::Nothing,
        (SETTINGS, 0) => Frame::Settings,
        (PING, 0) => Frame::Ping(payload),
        // Acknowledgements are so small that the server's windows never run out.
        (SETTINGS, ACK) | (WINDOW_UPDATE, _) => Frame::Nothing,
        (HEADERS | DATA, flags) if flags & END_STREAM != 0 => {
            Frame::Unexpected("the server ended the stream".to_owned())
        }
        (RST_STREAM, _) => Frame::Unexpected(format!("the server reset the stream: {}", text(payload))),
        (GOAWAY, _) => Frame::Unexpected(format!("the server sent GOAWAY: {}", text(payload))),
        (kind, flags) => {
            Frame::Unexpected(format!("the server sent a frame {kind} with flags {flags:#04x}, not known here"))
        }
    };
    Some((frame, rest))
}

/// Everything that the client sends before the server has said anything.
pub fn opening(path: &str, message: &[u8]) -> Vec<u8> {
    let mut opening = PREFACE.to_vec();
    let (enable_push, initial_window_size) = (2_u16.to_be_bytes(), 4_u16.to_be_bytes());
    let settings = [&enable_push[..], &0_u32.to_be_bytes(), &initial_window_size, &WINDOW.to_be_bytes()].concat();
    frame(&mut opening, SETTINGS, 0, CONNECTION, &settings);
    frame(&mut opening, WINDOW_UPDATE, 0, CONNECTION, &(WINDOW - WINDOW_DEFAULT).to_be_bytes());
    frame(&mut opening, HEADERS, END_HEADERS, STREAM, &headers(path));
    data(&mut opening, message);
    opening
}

pub fn data(output: &mut Vec<u8>, message: &[u8]) {
    frame(output, DATA, 0, STREAM, message);
}

pub fn settings_ack(output: &mut Vec<u8>) {
    frame(output, SETTINGS, ACK, CONNECTION, &[]);
}

pub fn ping_ack(output: &mut Vec<u8>, payload: &[u8]) {
    frame(output, PING, ACK, CONNECTION, payload);
}

/// The server may send so many more bytes of DATA.
pub fn more_room(output: &mut Vec<u8>, bytes: u32) {
    for stream in [CONNECTION, STREAM] {
        frame(output, WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes());
    }
}

fn frame(output: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let [_, length @ ..] = (payload.len() as u32).to_be_bytes();
    output.extend_from_slice(&length);
    output.extend_from_slice(&[kind, flags]);
    output.extend_from_slice(&stream.to_be_bytes());
    output.extend_from_slice(payload);
}

/// HPACK (RFC 7541) without its tables and codes: names by their index in the static table or as they are, values as they are.
fn headers(path: &str) -> Vec<u8> {
    let (method_post, scheme_http) = (0x83, 0x86);
    let mut block = vec![method_post, scheme_http];
    let (authority_name, path_name, content_type_name) = ([0x01], [0x04], [0x0f, 0x10]);
    let te_name = [0x00, 2, b't', b'e'];
    let fields: [(&[u8], &str); 4] = [
        (&authority_name, "weir"),
        (&path_name, path),
        (&content_type_name, "application/grpc"),
        (&te_name, "trailers"),
    ];
    for (name, value) in fields {
        block.extend_from_slice(name);
        // One byte tells lengths up to 126.
        block.push(value.len() as u8);
        block.extend_from_slice(value.as_bytes());
    }
    block
}

/// Error codes as numbers, and what the server says about it.
fn text(payload: &[u8]) -> String {
    payload.escape_ascii().to_string()
}
