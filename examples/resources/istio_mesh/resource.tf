resource "istio_mesh" "shop" {
  mesh_id      = "shop"
  trust_domain = "shop.example"
  version      = "1.31.0"

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
    east_west_gateway {
      service_annotations = {
        "service.beta.kubernetes.io/aws-load-balancer-type"   = "external"
        "service.beta.kubernetes.io/aws-load-balancer-scheme" = "internal"
      }
    }
  }

  primary "west" {
    network = "net-west"
    east_west_gateway {
      service_annotations = {
        "networking.gke.io/load-balancer-type" = "Internal"
      }
    }
  }

  certificate_authority {
    key_cluster = "east"
  }

  timeouts {
    create = "20m"
  }
}
