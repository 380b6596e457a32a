resource "istio_mesh" "shop" {
  mesh_id      = "shop"
  trust_domain = "shop.example"
  version      = "1.31.0"

  primary "east" {
    network = "net-east"
  }
}

data "istio_mesh_topology" "shop" {
  mesh  = istio_mesh.shop.join
  links = istio_mesh.shop.status.links
}

output "picture" {
  value = data.istio_mesh_topology.shop.mermaid
}
