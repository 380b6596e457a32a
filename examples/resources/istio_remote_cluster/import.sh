# <mesh_id>/<cluster>@<primary>, where the primary is one of the clusters whose istiod serves the cluster.
terraform import 'istio_remote_cluster.edge["edge1"]' 'shop/edge1@east'
