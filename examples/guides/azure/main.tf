# AKS: standard load balancers, one public and one in a subnet of the virtual network.

terraform {
  required_providers {
    istio = {
      source = "terraform-provider-istio/istio"
    }
  }
}

resource "istio_mesh" "shop" {
  mesh_id      = "shop"
  trust_domain = "shop.example"
  version      = "1.31.0"

  primary "public" {
    network = "vnet-public"

    east_west_gateway {
      load_balancer_source_ranges = ["198.51.100.0/24"] # the NAT gateway of the other network
    }
  }

  primary "internal" {
    network = "vnet-internal"

    east_west_gateway {
      service_annotations = {
        "service.beta.kubernetes.io/azure-load-balancer-internal"        = "true"
        "service.beta.kubernetes.io/azure-load-balancer-internal-subnet" = "gateways"
      }
    }
  }

  certificate_authority {
    key_cluster = "public"
  }
}
