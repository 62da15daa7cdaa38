// Istio's types of other minors than the control plane's, pinned: scripts/install-mesh takes the CRDs out of these modules. The
// names of the requirements are ours, since a go.mod may ask for a module in one version only.
module weir/tests/mesh/types

go 1.26.0

require (
	istio.io/api-1.28 v1.28.0
	istio.io/api-1.29 v1.29.0
	istio.io/api-1.31 v1.31.1
)

replace (
	istio.io/api-1.28 => istio.io/api v1.28.0
	istio.io/api-1.29 => istio.io/api v1.29.0
	istio.io/api-1.31 => istio.io/api v1.31.1
)
