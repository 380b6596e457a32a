resource "istio_mesh" "shop" {
  mesh_id      = "shop"
  trust_domain = "shop.example"
  version      = "1.31.0"

  chart_source {
    repository = "https://charts.example/istio"
  }

  chart "istiod" {
    values = yamlencode({
      autoscaleMin = 2
    })
  }

  mesh_config = yamlencode({
    accessLogFile = "/dev/stdout"
  })

  primary "east" {
    network = "net-east"
  }

  timeouts {
    create = "20m"
  }
}
