# <mesh_id>/<name>@<primary>, where the primary is one of the clusters of the mesh.
terraform import istio_mesh_federation.partners 'shop/partners@east'
