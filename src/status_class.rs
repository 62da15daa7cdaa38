//! How a request ended, as it is counted: by the class of its status.

use crate::host::{self, Map};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StatusClass {
    /// No response came, or none that says how it ended.
    None,
    Informational,
    Success,
    Redirection,
    ClientError,
    ServerError,
}

impl StatusClass {
    /// Every class, each at its own number.
    pub(crate) const ALL: [StatusClass; 6] = [
        StatusClass::None,
        StatusClass::Informational,
        StatusClass::Success,
        StatusClass::Redirection,
        StatusClass::ClientError,
        StatusClass::ServerError,
    ];

    /// The label `code`.
    pub(crate) fn code(self) -> &'static str {
        match self {
            StatusClass::None => "0",
            StatusClass::Informational => "1xx",
            StatusClass::Success => "2xx",
            StatusClass::Redirection => "3xx",
            StatusClass::ClientError => "4xx",
            StatusClass::ServerError => "5xx",
        }
    }

    /// Of the request that is being logged. For gRPC its own status decides, wherever it stands.
    pub(crate) fn of_response(is_grpc: bool) -> StatusClass {
        let http =
            host::header(Map::Response, ":status").map_or(StatusClass::None, |status| StatusClass::of_http(&status));
        if !is_grpc || http != StatusClass::Success {
            return http;
        }
        let status = host::header(Map::ResponseTrailers, "grpc-status");
        let status = status.or_else(|_| host::header(Map::Response, "grpc-status"));
        status.map_or(StatusClass::None, |status| StatusClass::of_grpc(&status))
    }

    fn of_http(status: &[u8]) -> StatusClass {
        match status.first() {
            Some(b'1') => StatusClass::Informational,
            Some(b'2') => StatusClass::Success,
            Some(b'3') => StatusClass::Redirection,
            Some(b'4') => StatusClass::ClientError,
            Some(_) => StatusClass::ServerError,
            None => StatusClass::None,
        }
    }

    /// The class of the HTTP status that stands for a gRPC status (google/rpc/code.proto).
    fn of_grpc(status: &[u8]) -> StatusClass {
        match status {
            b"0" => StatusClass::Success,
            // CANCELLED 499, INVALID_ARGUMENT 400, NOT_FOUND 404, ALREADY_EXISTS 409, PERMISSION_DENIED 403,
            // RESOURCE_EXHAUSTED 429, FAILED_PRECONDITION 400, ABORTED 409, OUT_OF_RANGE 400, UNAUTHENTICATED 401.
            b"1" | b"3" | b"5" | b"6" | b"7" | b"8" | b"9" | b"10" | b"11" | b"16" => StatusClass::ClientError,
            _ => StatusClass::ServerError,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_stands_at_its_own_number() {
        for (place, class) in StatusClass::ALL.iter().enumerate() {
            assert_eq!(*class as usize, place);
        }
    }

    #[test]
    fn statuses_have_classes() {
        for (status, code) in [
            (&b"101"[..], StatusClass::Informational),
            (b"200", StatusClass::Success),
            (b"304", StatusClass::Redirection),
            (b"404", StatusClass::ClientError),
            (b"503", StatusClass::ServerError),
            (b"", StatusClass::None),
        ] {
            assert_eq!(StatusClass::of_http(status), code);
        }
        for status in 0..=20_u32 {
            let expected = match status {
                0 => StatusClass::Success,
                1 | 3 | 5..=11 | 16 => StatusClass::ClientError,
                _ => StatusClass::ServerError,
            };
            assert_eq!(StatusClass::of_grpc(status.to_string().as_bytes()), expected, "{status}");
        }
    }
}
