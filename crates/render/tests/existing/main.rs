//! What holds for whatever VirtualServices people have, tried on generated ones.

mod routing;
mod same_routes;
mod shapes;
mod writing;
